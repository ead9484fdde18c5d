"""Answering what people write: by text and in messengers, one question after another."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from regulars.channels.actions import OutgoingMessage, send
from regulars.channels.actions.hearing import know_addresses
from regulars.channels.kind import address_kind_of
from regulars.channels.models import HeardMessage, Message
from regulars.feedback.actions.sittings import SittingInput, invited_input
from regulars.feedback.actions.talking import Opening, Step, open_talks, resume, settle
from regulars.feedback.letters import KEY, invitation_id_of
from regulars.feedback.models import Dialogue, Invitation, PublicLink
from regulars.feedback.queries.surveys import latest_versions

OPEN_FOR = timedelta(days=14)
"""So long an invitation may be answered by just writing back, and a conversation may rest."""

_CODE = re.compile(r"\s*(?:/?start[\s=:]+)?([A-Za-z0-9_-]{4,40})\s*", re.IGNORECASE)
_START = re.compile(r"\s*/?start[\s=:]", re.IGNORECASE)

Place = tuple[str, str]
"""A channel and an address on it."""


@transaction.atomic
def hold_dialogues(heard_ids: Sequence[int], *, now: datetime) -> int:
    """Take what people wrote into the conversations it belongs to and write the next questions.

    How many were answered. A code or the link of an invitation begins a conversation, and so does
    writing back to an invitation; what belongs to none stays unanswered. A repeat changes nothing.
    """
    heard = list(HeardMessage.objects.filter(pk__in=heard_ids).order_by("pk"))
    _lock({(one.channel, one.address) for one in heard})
    steps = {_place(step): step for step in resume(_open_dialogues(heard, now=now))}
    left = [one for one in heard if _is_new_to(steps.get((one.channel, one.address)), one)]
    _begin(left, steps, now=now)
    touched: dict[Place, int] = {}
    for one in left:
        step = steps.get((one.channel, one.address))
        if step is None:
            continue
        if one.pk > step.dialogue.heard_upto:
            step.hear(one.text)
            step.dialogue.heard_upto = one.pk
        touched[one.channel, one.address] = one.pk
    settle([steps[place] for place in touched], now=now)
    send([_reply(steps[place], heard_id) for place, heard_id in touched.items()], now=now)
    return len(touched)


def _place(step: Step) -> Place:
    return step.dialogue.channel, step.dialogue.address


def _lock(places: Iterable[Place]) -> None:
    """One conversation at a time for each address, in an order that cannot deadlock."""
    names = sorted("\n".join(place) for place in places)
    if names:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(name)) FROM unnest(%s::text[]) AS name"
                " ORDER BY hashtext(name)",
                [names],
            )


def _open_dialogues(heard: Sequence[HeardMessage], *, now: datetime) -> list[Dialogue]:
    """The conversations of these addresses that go on; those that rested too long end."""
    rows = Dialogue.objects.filter(
        channel__in={one.channel for one in heard},
        address__in={one.address for one in heard},
        end="",
    )
    rows.filter(last_at__lt=now - OPEN_FOR).update(end="given_up")
    related = ("sitting__version", "sitting__survey", "sitting__invitation")
    return list(rows.select_related(*related))


def _is_new_to(step: Step | None, one: HeardMessage) -> bool:
    return step is None or one.pk > step.dialogue.heard_upto


def _begin(heard: Sequence[HeardMessage], steps: dict[Place, Step], *, now: datetime) -> None:
    """Add the conversations that these messages begin; who starts anew ends what went on."""
    starting = [
        one for one in heard if (one.channel, one.address) not in steps or _START.match(one.text)
    ]
    openings = _by_writing_back(starting, now=now) | _by_code(starting)
    _end_before(openings, steps, now=now)
    opened = open_talks([opening for opening, _owner in openings.values()], now=now)
    steps |= dict(zip(openings, opened, strict=True))
    _know(openings, now=now)


def _know(openings: dict[Place, tuple[Opening, int | None]], *, now: datetime) -> None:
    """Whoever came by the secret of an invitation showed whose address in a messenger this is."""
    owners: dict[str, dict[str, int]] = {}
    for (channel, address), (_opening, owner) in openings.items():
        if owner is not None and not address_kind_of(channel):
            owners.setdefault(channel, {})[address] = owner
    for channel, found in owners.items():
        know_addresses(channel, found, now=now)


def _end_before(
    openings: dict[Place, tuple[Opening, int | None]], steps: dict[Place, Step], *, now: datetime
) -> None:
    ended = [steps.pop(place).dialogue.pk for place in openings if place in steps]
    Dialogue.objects.filter(pk__in=ended).update(end="given_up", last_at=now)


def _by_code(heard: Sequence[HeardMessage]) -> dict[Place, tuple[Opening, int | None]]:
    """Conversations that a code begins: a printed one, or the secret of an invitation."""
    codes = {one.pk: match[1] for one in heard if (match := _CODE.fullmatch(one.text))}
    if not codes:
        return {}
    wanted = set(codes.values())
    rows = Invitation.objects.filter(token__in=wanted).select_related("version", "survey")
    invitations = {row.token: row for row in rows}
    links = {
        row.code: row
        for row in PublicLink.objects.filter(code__in={code.lower() for code in wanted})
    }
    versions = latest_versions({link.survey_id for link in links.values()})
    found: dict[Place, tuple[Opening, int | None]] = {}
    for one in heard:
        code = codes.get(one.pk, "")
        invitation, link = invitations.get(code), links.get(code.lower())
        if invitation is not None:
            given = invited_input(invitation, channel=one.channel)
            owner = invitation.customer_id
        elif link is not None and link.survey_id in versions:
            given = SittingInput(
                key=f"heard:{one.pk}",
                version=versions[link.survey_id],
                channel=one.channel,
                link_id=link.pk,
                customer_id=one.customer_id,
                store_id=link.store_id,
            )
            owner = None
        else:
            continue
        found[one.channel, one.address] = (_opening(one, given, heard_upto=one.pk), owner)
    return found


def _opening(one: HeardMessage, given: SittingInput, *, heard_upto: int) -> Opening:
    return Opening(
        key=f"heard:{one.pk}",
        sitting=given,
        address=one.address,
        mode="message",
        heard_upto=heard_upto,
    )


def _by_writing_back(
    heard: Sequence[HeardMessage], *, now: datetime
) -> dict[Place, tuple[Opening, int | None]]:
    """Conversations that begin with an answer to the first question, which an invitation carried."""
    first = {(one.channel, one.address): one for one in reversed(heard)}
    asked = (
        Message.objects.filter(
            channel__in={channel for channel, _ in first},
            address__in={address for _, address in first},
            key__startswith=KEY,
            state="sent",
            sent_at__gt=now - OPEN_FOR,
        )
        .order_by("pk")
        .values_list("channel", "address", "key")
    )
    ids = {(channel, address): invitation_id_of(key) for channel, address, key in asked}
    rows = Invitation.objects.select_related("version", "survey").filter(
        pk__in=[one for one in ids.values() if one is not None], answered_at=None
    )
    invitations = {row.pk: row for row in rows}
    return {
        place: (_opening(one, invited_input(invitation, channel=one.channel), heard_upto=0), None)
        for place, one in first.items()
        if (invitation := invitations.get(ids.get(place) or 0))
    }


def _reply(step: Step, heard_id: int) -> OutgoingMessage:
    said = step.said()
    return OutgoingMessage(
        key=f"feedback.reply:{heard_id}",
        purpose="survey",
        text=said.text,
        customer_id=step.sitting.customer_id,
        address=step.dialogue.address,
        channel=step.dialogue.channel,
        language=step.talk.language,
        buttons=said.buttons,
        in_reply_to=heard_id,
        sample=step.sitting.sample,
    )
