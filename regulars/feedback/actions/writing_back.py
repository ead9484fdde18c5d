"""Answering what people write: by text and in messengers, one question after another."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max

from regulars.channels.actions import OutgoingMessage, send
from regulars.channels.actions.hearing import know_addresses
from regulars.channels.kind import address_kind_of
from regulars.channels.models import HeardMessage, Message
from regulars.feedback.actions.sittings import SittingInput, invited_input
from regulars.feedback.actions.talking import Opening, Step, open_talks, resume, settle
from regulars.feedback.letters import KEY, invitation_id_of
from regulars.feedback.models import Dialogue, Invitation, PublicLink, Sitting, SurveyVersion
from regulars.feedback.queries.surveys import latest_versions

OPEN_FOR = timedelta(days=14)
"""So long an invitation may be answered by just writing back, and a conversation may rest."""

_CODE = re.compile(r"\s*(?:/?start[\s=:]+)?([A-Za-z0-9_-]{4,40})\s*", re.IGNORECASE)
_START = re.compile(r"\s*/?start[\s=:]", re.IGNORECASE)

Place = tuple[str, str]
"""A channel and an address on it."""

Heard = dict[Place, list[HeardMessage]]
"""What was written from each address, in its order."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An invitation that carried a question to an address, and the first thing written since."""

    invitation_id: int
    language: str
    written_at: datetime
    sent_at: datetime
    reply_id: int


@dataclass(frozen=True, slots=True)
class Codes:
    """What the codes among some messages lead to: an invitation, or a printed link."""

    invitations: Mapping[str, Invitation]
    links: Mapping[str, PublicLink]
    versions: Mapping[int, SurveyVersion]

    def given_by(self, one: HeardMessage) -> SittingInput | None:
        """Whose sitting a message begins; None for what is no code, or one that leads nowhere."""
        match = _CODE.fullmatch(one.text)
        code = match[1] if match else ""
        if (invitation := self.invitations.get(code)) is not None:
            return invited_input(invitation, channel=one.channel)
        link = self.links.get(code.lower())
        if link is None or link.survey_id not in self.versions:
            return None
        return SittingInput(
            key=f"heard:{one.pk}",
            version=self.versions[link.survey_id],
            channel=one.channel,
            link_id=link.pk,
            customer_id=one.customer_id,
            store_id=link.store_id,
        )


@transaction.atomic
def hold_dialogues(heard_ids: Sequence[int], *, now: datetime) -> int:
    """Take what people wrote into the conversations it belongs to and write the next questions.

    These messages only name the addresses: all that came from there and was not taken in yet is, in
    its order. How many were answered. A code or the link of an invitation begins a conversation,
    and so does writing back to an invitation; what belongs to none stays unanswered. A repeat
    changes nothing.
    """
    named = HeardMessage.objects.filter(pk__in=heard_ids)
    places: set[Place] = set(named.values_list("channel", "address"))
    _lock(places)
    left = _unheard(places, now=now)
    letters, codes = _letters(left, now=now), _codes(left)
    replies: dict[Place, OutgoingMessage] = {}
    while left:
        heads, left = _parted(left, letters, codes)
        replies |= _hear(heads, letters, codes, now=now)
    send(list(replies.values()), now=now)
    return len(replies)


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


def _unheard(places: set[Place], *, now: datetime) -> Heard:
    """What came from these addresses after the last that a conversation took in, in its order."""
    here = {"channel__in": {one for one, _ in places}, "address__in": {one for _, one in places}}
    ends = Dialogue.objects.filter(**here).values_list("channel", "address")
    upto = {(channel, address): pk for channel, address, pk in ends.annotate(Max("heard_upto"))}
    found: Heard = {}
    rows = HeardMessage.objects.filter(**here, received_at__gt=now - OPEN_FOR)
    for one in rows.order_by("pk"):
        place = (one.channel, one.address)
        if place in places and one.pk > upto.get(place, 0):
            found.setdefault(place, []).append(one)
    return found


def _letters(heard: Heard, *, now: datetime) -> dict[Place, Letter]:
    """The last invitation that had left for each address before something was written there."""
    rows = Message.objects.filter(
        channel__in={channel for channel, _ in heard},
        address__in={address for _, address in heard},
        key__startswith=KEY,
        state="sent",
        sent_at__gt=now - OPEN_FOR,
    )
    found: dict[Place, Letter] = {}
    for row in rows.order_by("sent_at", "pk"):
        place, number = (row.channel, row.address), invitation_id_of(row.key)
        assert row.sent_at is not None
        since = (one.pk for one in heard.get(place, ()) if one.received_at >= row.sent_at)
        if number is not None and (reply := next(since, None)):
            found[place] = Letter(number, row.language, row.created_at, row.sent_at, reply)
    return found


def _codes(heard: Heard) -> Codes:
    """What the codes in these messages lead to. Three statements."""
    texts = (one.text for ones in heard.values() for one in ones)
    wanted = {match[1] for text in texts if (match := _CODE.fullmatch(text))}
    rows = Invitation.objects.filter(token__in=wanted).select_related("version", "survey")
    links = PublicLink.objects.filter(code__in={code.lower() for code in wanted})
    by_code = {link.code: link for link in links}
    versions = latest_versions({link.survey_id for link in by_code.values()})
    return Codes({row.token: row for row in rows}, by_code, versions)


def _parted(left: Heard, letters: Mapping[Place, Letter], codes: Codes) -> tuple[Heard, Heard]:
    """What is said up to where another conversation begins, and the rest."""
    heads: Heard = {}
    rest: Heard = {}
    for place, ones in left.items():
        turns = (at for at, one in enumerate(ones) if at and _turns(one, letters.get(place), codes))
        cut = next(turns, len(ones))
        heads[place] = ones[:cut]
        if ones[cut:]:
            rest[place] = ones[cut:]
    return heads, rest


def _turns(one: HeardMessage, letter: Letter | None, codes: Codes) -> bool:
    """Whether a message ends what went on; a code that leads nowhere is a word like others."""
    if letter is not None and one.pk == letter.reply_id:
        return True
    return bool(_START.match(one.text)) and codes.given_by(one) is not None


def _hear(
    heard: Heard, letters: Mapping[Place, Letter], codes: Codes, *, now: datetime
) -> dict[Place, OutgoingMessage]:
    """What is answered to each address; a constant number of statements."""
    steps = {_place(step): step for step in resume(_open_dialogues(heard, now=now))}
    _begin(heard, letters, codes, steps, now=now)
    touched = {place: ones for place, ones in heard.items() if place in steps}
    for place, ones in touched.items():
        _take(steps[place], ones)
    settle([steps[place] for place in touched], now=now)
    return {place: _reply(steps[place], ones[-1].pk) for place, ones in touched.items()}


def _take(step: Step, heard: Sequence[HeardMessage]) -> None:
    for one in heard:
        if one.pk > step.dialogue.heard_upto:
            step.hear(one.text)
            step.dialogue.heard_upto = one.pk


def _place(step: Step) -> Place:
    return step.dialogue.channel, step.dialogue.address


def _open_dialogues(heard: Heard, *, now: datetime) -> list[Dialogue]:
    """The conversations of these addresses that go on; those that rested too long end."""
    rows = Dialogue.objects.filter(
        channel__in={channel for channel, _ in heard},
        address__in={address for _, address in heard},
        end="",
    )
    rows.filter(last_at__lt=now - OPEN_FOR).update(end="given_up")
    related = ("sitting__version", "sitting__survey", "sitting__invitation")
    found = rows.select_related(*related)
    return [one for one in found if (one.channel, one.address) in heard]


def _begin(
    heard: Heard,
    letters: Mapping[Place, Letter],
    codes: Codes,
    steps: dict[Place, Step],
    *,
    now: datetime,
) -> None:
    """Add the conversations that these messages begin; who starts anew ends what went on.

    Who writes after an invitation has left answers what that asked, not an older conversation.
    """
    replied = {
        place: letter
        for place, letter in letters.items()
        if any(one.pk == letter.reply_id for one in heard.get(place, ()))
        and (place not in steps or letter.sent_at > steps[place].dialogue.last_at)
    }
    coming = [
        one
        for place, ones in heard.items()
        for one in ones
        if place not in steps or place in replied or _START.match(one.text)
    ]
    openings = _by_writing_back(heard, replied) | _by_code(coming, codes)
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


def _by_code(
    heard: Sequence[HeardMessage], codes: Codes
) -> dict[Place, tuple[Opening, int | None]]:
    """Conversations that a code begins: a printed one, or the secret of an invitation.

    The first code from an address begins one; what comes after it is said in that.
    """
    found: dict[Place, tuple[Opening, int | None]] = {}
    for one in heard:
        given, place = codes.given_by(one), (one.channel, one.address)
        if given is None or place in found:
            continue
        owner = given.invitation.customer_id if given.invitation else None
        found[place] = _opening(one.pk, one.address, given, heard_upto=one.pk), owner
    return found


def _opening(heard_id: int, address: str, given: SittingInput, *, heard_upto: int) -> Opening:
    return Opening(
        key=f"heard:{heard_id}",
        sitting=given,
        address=address,
        mode="message",
        heard_upto=heard_upto,
    )


def _by_writing_back(
    heard: Heard, replied: Mapping[Place, Letter]
) -> dict[Place, tuple[Opening, int | None]]:
    """Conversations that begin with an answer to the question that an invitation carried.

    Where more was answered elsewhere since it was written, that is another question by now: then
    the words are left, and it is put again.
    """
    if not replied:
        return {}
    ids = {letter.invitation_id for letter in replied.values()}
    rows = Invitation.objects.select_related("version", "survey")
    invitations = {row.pk: row for row in rows.filter(pk__in=ids, answered_at=None)}
    begun = Sitting.objects.filter(invitation__in=ids).values_list("invitation", "last_at")
    moved = {pk: at for pk, at in begun if pk is not None}
    found: dict[Place, tuple[Opening, int | None]] = {}
    for place, letter in replied.items():
        invitation = invitations.get(letter.invitation_id)
        if invitation is None:
            continue
        given = invited_input(invitation, channel=place[0], language=letter.language)
        is_stale = moved.get(invitation.pk, letter.written_at) > letter.written_at
        upto = heard[place][-1].pk if is_stale else letter.reply_id - 1
        found[place] = _opening(letter.reply_id, place[1], given, heard_upto=upto), None
    return found


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
