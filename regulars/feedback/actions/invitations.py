"""Invitations: one for each cause, sent through the one door that knows consent and budget."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.channels.actions import send
from regulars.channels.actions.sending import Sent
from regulars.channels.queries.channels import addresses_on
from regulars.core.errors import Refused
from regulars.core.sql import int_array, text_array
from regulars.feedback.letters import current_sender, letter_for
from regulars.feedback.models import Invitation, Sitting, SurveyVersion
from regulars.feedback.queries.surveys import definition_of, latest_versions
from regulars.journey.models import Touchpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationInput:
    """Whom to ask what, and because of what; the same cause never asks twice."""

    survey_id: int
    cause: str
    customer_id: int
    channel: str = ""
    purchase_id: int | None = None
    store_id: int | None = None
    served_by_id: int | None = None
    language: str = ""
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of one input: the invitation, whether it is new, and why it was withheld."""

    cause: str
    invitation_id: int
    is_new: bool
    withheld: str = ""


@transaction.atomic
def invite(batch: Sequence[InvitationInput], *, now: datetime) -> list[Invited]:
    """Invite customers to surveys, each cause once, and say who was asked and who was not.

    Where a batch names a cause more than once, the first one is the new one.
    Messages go through the one door to sending; what it withholds comes back with the reason. The
    number of statements does not depend on the size of the batch.
    """
    versions = _open_versions({one.survey_id for one in batch})
    firsts: dict[tuple[int, str], int] = {}
    for index, one in enumerate(batch):
        firsts.setdefault((one.survey_id, one.cause), index)
    new_ids = _insert([batch[index] for index in firsts.values()], versions, now=now)
    rows = _rows(batch)
    new = [rows[key] for key in firsts if rows[key].pk in new_ids]
    _send([row for row in new if not row.sample], now=now)
    return [
        Invited(one.cause, row.pk, row.pk in new_ids and index == firsts[key], row.withheld)
        for index, one in enumerate(batch)
        for key in ((one.survey_id, one.cause),)
        for row in (rows[key],)
    ]


def _send(invitations: Sequence[Invitation], *, now: datetime) -> None:
    """Let the letters out, and keep the reason on those invitations that were withheld."""
    if not invitations:
        return
    sender = current_sender()
    on_channel = addresses_on({(one.channel, one.customer_id) for one in invitations})
    letters = [
        letter_for(one, sender, address=on_channel.get((one.channel, one.customer_id), ""))
        for one in invitations
    ]
    said = send(letters, now=now)
    for invitation, answer in zip(invitations, said, strict=True):
        invitation.withheld = answer.code
    withheld = [invitation for invitation in invitations if invitation.withheld]
    Invitation.objects.bulk_update(withheld, ["withheld"])


@dataclass(frozen=True, slots=True)
class Approach:
    """One more message about an invitation: by another channel, or a reminder."""

    invitation_id: int
    channel: str
    step: int
    is_reminder: bool


@transaction.atomic
def approach_again(batch: Sequence[Approach], *, now: datetime) -> dict[int, Sent]:
    """Write once more about invitations, each step once; what the door said, by invitation.

    An invitation that was withheld before and is let out now is withheld no more.
    """
    rows = _by_id({one.invitation_id for one in batch})
    known = [one for one in batch if one.invitation_id in rows]
    sender = current_sender()
    whom = {one: (one.channel, rows[one.invitation_id].customer_id) for one in known}
    on_channel = addresses_on(set(whom.values()))
    begun = Sitting.objects.filter(invitation__in=rows).select_related("version")
    sittings = {one.invitation_id: one for one in begun}
    letters = [
        letter_for(
            rows[one.invitation_id],
            sender,
            sitting=sittings.get(one.invitation_id),
            channel=one.channel,
            address=on_channel.get(whom[one], ""),
            step=one.step,
            is_reminder=one.is_reminder and not rows[one.invitation_id].withheld,
        )
        for one in known
    ]
    said = dict(zip([one.invitation_id for one in known], send(letters, now=now), strict=True))
    for one in known:
        row, answer = rows[one.invitation_id], said[one.invitation_id]
        if row.withheld or answer.is_accepted:
            row.withheld, row.channel = answer.code, one.channel
    Invitation.objects.bulk_update(rows.values(), ["withheld", "channel"])
    return said


def _by_id(ids: set[int]) -> dict[int, Invitation]:
    rows = Invitation.objects.filter(pk__in=ids).order_by("pk")
    return {row.pk: row for row in rows.select_related("customer", "survey", "version", "store")}


def mark_sent(invitation_ids: Sequence[int], *, now: datetime) -> None:
    """Note that the letters of these invitations have left the house; one statement."""
    rows = Invitation.objects.filter(pk__in=invitation_ids, sent_at__isnull=True)
    rows.update(sent_at=now)


def mark_failed(invitation_ids: Sequence[int], *, now: datetime) -> None:
    """Note that the letters of these invitations could not be delivered; one statement."""
    rows = Invitation.objects.filter(pk__in=invitation_ids, failed_at__isnull=True)
    rows.update(failed_at=now)


def _open_versions(survey_ids: set[int]) -> dict[int, SurveyVersion]:
    versions = latest_versions(survey_ids)
    for survey_id in survey_ids:
        version = versions.get(survey_id)
        if version is None:
            raise Refused("no_survey", f"there is no survey {survey_id}", "survey_id")
        if not version.survey.is_open:
            raise Refused("survey_closed", f"the survey {survey_id} is closed", "survey_id")
    return versions


def _insert(
    batch: Sequence[InvitationInput], versions: dict[int, SurveyVersion], *, now: datetime
) -> set[int]:
    """Write the invitations that are not there yet; the ids of the new ones."""
    touchpoints = _touchpoint_ids(versions.values())
    columns = [
        int_array(one.survey_id for one in batch),
        int_array(versions[one.survey_id].pk for one in batch),
        text_array(one.cause for one in batch),
        text_array(secrets.token_urlsafe(18) for _ in batch),
        int_array(one.customer_id for one in batch),
        int_array(touchpoints.get(one.survey_id) for one in batch),
        int_array(one.store_id for one in batch),
        int_array(one.served_by_id for one in batch),
        int_array(one.purchase_id for one in batch),
        text_array(one.channel for one in batch),
        text_array(one.language for one in batch),
        int_array(int(one.sample) for one in batch),
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_INVITATIONS, [now, *columns])
        return {row[0] for row in cursor.fetchall()}


INSERT_INVITATIONS = f"""
    INSERT INTO {Invitation._meta.db_table} (
        created_at, sent_at, withheld, survey_id, version_id, cause, token, customer_id, touchpoint_id,
        store_id, served_by_id, purchase_id, channel, language, sample)
    SELECT given_at, CASE WHEN sample = 1 THEN given_at END, '', survey, version, cause, token, customer, touchpoint,
        store, server, purchase, channel, language, sample = 1
    FROM (SELECT %s::timestamptz AS given_at) AS moment, unnest(
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::int[])
        AS given (survey, version, cause, token, customer, touchpoint,
            store, server, purchase, channel, language, sample)
    ORDER BY survey, cause
    ON CONFLICT (survey_id, cause) DO NOTHING
    RETURNING id
"""


def _touchpoint_ids(versions: Iterable[SurveyVersion]) -> dict[int, int]:
    """The touchpoint of each survey by survey id, where its definition names one."""
    codes = {version.survey_id: definition_of(version).touchpoint for version in versions}
    rows = Touchpoint.objects.filter(code__in={code for code in codes.values() if code})
    ids = dict(rows.values_list("code", "pk"))
    return {survey_id: ids[code] for survey_id, code in codes.items() if code in ids}


def _rows(batch: Sequence[InvitationInput]) -> dict[tuple[int, str], Invitation]:
    rows = Invitation.objects.filter(
        survey__in={one.survey_id for one in batch}, cause__in={one.cause for one in batch}
    )
    return {
        (row.survey_id, row.cause): row
        for row in rows.select_related("customer", "survey", "version", "store")
    }
