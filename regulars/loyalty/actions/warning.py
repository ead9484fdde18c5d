"""Warnings: members hear once, and in time, that a tier is about to fall."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, time_array
from regulars.loyalty.actions.reminding import BATCH, checked_days, send_letters
from regulars.loyalty.events import TiersFallSoon
from regulars.loyalty.letters import letter_of_fall
from regulars.loyalty.models import FallWarning, Ladder
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.forecasts import Ahead, ahead_on
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.rules.tiers.warnings import Threat, threat_within

# What is stored of a standing names the fall; those with grace may be helped only long before it.
CLOSE = """
    SELECT standing.member_id FROM loyalty_ladderstanding standing
    WHERE standing.ladder_id = %(ladder)s AND standing.tier_id IS NOT NULL
        AND standing.valid_until > %(now)s AND standing.valid_until <= %(upto)s
        AND standing.member_id > %(after)s
        AND NOT EXISTS (SELECT 1 FROM loyalty_fallwarning known
            WHERE known.ladder_id = standing.ladder_id AND known.member_id IN (
                SELECT id FROM loyalty_member
                WHERE id = standing.member_id OR led_by_id = standing.member_id)
            AND (known.made_at > %(lately)s OR (known.tier_id = standing.tier_id
                AND known.falls_at = standing.valid_until)))
    ORDER BY standing.member_id LIMIT %(limit)s
"""

WARN = """
    INSERT INTO loyalty_fallwarning
        (member_id, ladder_id, tier_id, after_id, missing, keep_by, falls_at, made_at)
    SELECT one.member_id, %s, one.tier_id, one.after_id, one.missing, one.keep_by, one.falls_at, %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[],
        %s::timestamptz[]) AS one (member_id, tier_id, after_id, missing, keep_by, falls_at)
    ON CONFLICT (member_id, ladder_id, tier_id, falls_at) DO NOTHING RETURNING id
"""


@transaction.atomic
def set_warnings(ladder: Ladder, days: int | None) -> Ladder:
    """Have members hear so many days ahead that a tier falls; None and 0 send nothing."""
    ladder.warns_days = checked_days(days)
    ladder.save(update_fields=["warns_days"])
    return ladder


def warn_of_falls(*, now: datetime) -> int:
    """Note who hears that a tier is about to fall, on every ladder that warns; gives how many.

    A person hears of each fall once, and where the fall moves on with what is done, not again
    within half of the ladder's days. Letters follow by the event. Repeated or interrupted, nobody
    is noted twice. A batch takes a constant number of statements.
    """
    rows = Ladder.objects.filter(warns_days__gt=0, is_tracked=True, program__is_open=True)
    return sum(_warn(row, now=now) for row in rows.select_related("program").order_by("id"))


def _warn(row: Ladder, *, now: datetime) -> int:
    ladder = next((one for one in book_of(row.program).tracked if one.id == row.pk), None)
    noted, after = 0, 0
    while ladder and (members := _close_to_a_fall(row, ladder, after=after, now=now)):
        noted += _warn_some(row, ladder, members, now=now)
        after = members[-1]
    return noted


def _close_to_a_fall(row: Ladder, ladder: LadderInBook, *, after: int, now: datetime) -> list[int]:
    days = row.warns_days or 0
    asked: dict[str, Any] = {
        "ladder": row.pk,
        "now": now,
        "upto": now + timedelta(days=days + ladder.rules.grace_days + 1),
        "lately": now - timedelta(days=days) / 2,
        "after": after,
        "limit": BATCH,
    }
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, asked)
        return [found[0] for found in cursor.fetchall()]


@transaction.atomic
def _warn_some(
    row: Ladder, ladder: LadderInBook, members: Collection[int], *, now: datetime
) -> int:
    threats: Mapping[int, tuple[Ahead, Threat]] = {
        lead: (ahead, threat)
        for lead, ahead in ahead_on(ladder, members, now=now).items()
        if ahead.tier and (threat := threat_within(ahead.forecast, row.warns_days or 0, now))
    }
    if not threats:
        return 0
    told = threats.values()
    with connection.cursor() as cursor:
        cursor.execute(
            WARN,
            [
                row.pk,
                now,
                int_array(threats),
                int_array([ahead.tier.pk if ahead.tier else None for ahead, _ in told]),
                int_array([ahead.falls_to.pk if ahead.falls_to else None for ahead, _ in told]),
                int_array([threat.missing for _, threat in told]),
                time_array([threat.keep_by for _, threat in told]),
                time_array([threat.falls_at for _, threat in told]),
            ],
        )
        ids = tuple(found[0] for found in cursor.fetchall())
    if ids:
        publish(TiersFallSoon(program_id=row.program_id, warning_ids=ids))
    return len(ids)


def write_warnings(warning_ids: Collection[int], *, now: datetime) -> int:
    """Write to the members of these warnings, through the one door; gives how many letters go out.

    As with reminders of points: who did not agree gets none, and written again, nothing more goes.
    """
    rows = FallWarning.objects.filter(pk__in=warning_ids).order_by("pk")
    rows = rows.select_related("member__customer", "member__program", "ladder", "tier", "after")
    bases = {
        one.id: one.rules.basis
        for program in {row.member.program_id: row.member.program for row in rows}.values()
        for one in book_of(program).tracked
    }
    letters = [letter_of_fall(row, bases.get(row.ladder_id, "unit")) for row in rows]
    return send_letters(letters, now=now)
