"""What an answer means for the invitation that it answers, and for what the invitation led to."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection
from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from regulars.core.sql import int_array, time_array
from regulars.feedback.models import Answer, Invitation, Sitting
from regulars.feedback.rules.dispositions import REOPENABLE
from regulars.journey.models import Passage


def mark_answered(answered: Iterable[tuple[int, datetime]], *, now: datetime) -> None:
    """Note on each invitation when it was answered, and end its sitting; two statements.

    Sittings come first, as wherever both are written, so that nobody waits in a circle.
    """
    pairs = list(answered)
    if not pairs:
        return
    end_answered([invitation_id for invitation_id, _at in pairs], now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            MARK_INVITATIONS,
            [int_array(pk for pk, _at in pairs), time_array(at for _pk, at in pairs)],
        )


MARK_INVITATIONS = f"""
    UPDATE {Invitation._meta.db_table} AS invitation
    SET answered_at = given.at, started_at = coalesce(invitation.started_at, given.at)
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS given (id, at)
    WHERE invitation.id = given.id AND invitation.answered_at IS NULL
"""


def mark_cast(answered: Iterable[tuple[int, datetime]], *, now: datetime) -> None:
    """Note on invitations that somebody answered in secret, and empty their sittings; two statements.

    That they have answered is all that stays: nothing leads from here to what was said.
    """
    pairs = list(answered)
    if not pairs:
        return
    rows = Sitting.objects.filter(invitation__in=[pk for pk, _at in pairs], answer__isnull=True)
    going = rows.filter(Q(ended_at__isnull=True) | Q(disposition__in=REOPENABLE))
    going.update(
        values={},
        position="",
        disposition="completed",
        reason="",
        ended_at=now,
        started_at=Coalesce("started_at", Value(now)),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            MARK_INVITATIONS,
            [int_array(pk for pk, _at in pairs), time_array(at for _pk, at in pairs)],
        )


def end_answered(invitation_ids: Iterable[int], *, now: datetime) -> int:
    """End the sittings of invitations that were answered elsewhere, with that answer; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            END_ANSWERED, {"ids": list(invitation_ids), "reopenable": list(REOPENABLE), "now": now}
        )
        return int(cursor.rowcount)


END_ANSWERED = f"""
    WITH held AS (
        SELECT id, invitation_id FROM {Sitting._meta.db_table}
        WHERE invitation_id = ANY(%(ids)s) AND answer_id IS NULL
            AND (ended_at IS NULL OR disposition = ANY(%(reopenable)s))
        ORDER BY id FOR UPDATE
    ), first AS (
        SELECT DISTINCT ON (invitation_id) invitation_id, id, is_partial, answered_at
        FROM {Answer._meta.db_table} WHERE invitation_id = ANY(%(ids)s) ORDER BY invitation_id, id
    )
    UPDATE {Sitting._meta.db_table} sitting
    SET answer_id = first.id, ended_at = %(now)s, reason = '',
        disposition = CASE WHEN first.is_partial THEN 'partial' ELSE 'completed' END,
        started_at = coalesce(sitting.started_at, first.answered_at)
    FROM held JOIN first USING (invitation_id)
    WHERE sitting.id = held.id
"""


def passed_before(invitation_ids: Collection[int]) -> set[tuple[int, int]]:
    """Invitations that a passage caused, each with the touchpoint that was passed; one statement."""
    if not invitation_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT invitation.id, passage.touchpoint_id FROM {Invitation._meta.db_table} invitation
            JOIN {Passage._meta.db_table} passage USING (cause) WHERE invitation.id = ANY(%s)
            """,
            [list(invitation_ids)],
        )
        return set(cursor.fetchall())
