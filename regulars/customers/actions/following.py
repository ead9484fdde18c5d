"""Keeping segments up to date: whoever something happened to is looked at again, within seconds.

Facts touch customers; the clock wakes those whom time alone may change; a run takes both in
batches, asks the database what the segments need to know, and writes who came and who went.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from django.db import connection, transaction

from regulars.core.conditions.tree import Condition
from regulars.core.events import publish, together
from regulars.core.sql import int_array, time_array
from regulars.customers.events import SegmentsEntered, SegmentsLeft
from regulars.customers.models import Consent, SegmentClock, SegmentTouch, SegmentUpkeep
from regulars.customers.queries.persons import persons_of
from regulars.customers.queries.segments import (
    Standing,
    live_conditions,
    people_among,
    standings_of,
)

TOUCHED_AT_ONCE = 200
"""Persons something happened to that are looked at together."""

RUNG_AT_ONCE = 50
"""Persons whose moment has come that are looked at together: what happens meanwhile waits for them."""


def touch_customers(customer_ids: Collection[int], *, now: datetime) -> None:
    """Note that something about these customers changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_segmenttouch (customer_id, at, is_waiting)
            SELECT DISTINCT id, %s::timestamptz, true FROM unnest(%s::bigint[]) AS given (id)
            WHERE id IS NOT NULL""",
            [now, int_array(customer_ids)],
        )


def touch_expired(*, now: datetime, since: datetime) -> int:
    """Note the customers whose yes ended since a moment; says how many words it was."""
    ended = Consent.objects.filter(valid_until__gt=since, valid_until__lte=now, voided_at=None)
    customer_ids = list(ended.values_list("customer_id", flat=True))
    if customer_ids:
        touch_customers(customer_ids, now=now)
    return len(customer_ids)


def ask_for_upkeep() -> bool:
    """Note that a run is wanted; True for the first who asks since the last run began."""
    SegmentUpkeep.objects.get_or_create(pk=1)
    return bool(SegmentUpkeep.objects.filter(pk=1, is_waiting=False).update(is_waiting=True))


def follow(*, now: datetime) -> int:
    """Look at everybody who was touched or whose moment has come; says how many persons."""
    return follow_by(lambda: now)


def follow_by(clock: Callable[[], datetime]) -> int:
    """The same while time goes on: who is touched meanwhile is looked at in the same run.

    One run at a time. A batch is one transaction: what it took is done with its writes, or not.
    """
    SegmentUpkeep.objects.filter(pk=1).update(is_waiting=False)
    conditions = live_conditions()
    looked_at = 0
    while customer_ids := _follow_batch(conditions, clock):
        looked_at += len(customer_ids)
    return looked_at


@transaction.atomic
@together()
def _follow_batch(conditions: Mapping[int, Condition], clock: Callable[[], datetime]) -> set[int]:
    lock_segments()
    customer_ids = _taken(clock())
    if customer_ids:
        # The moment after they were taken: what touched them happened before it.
        settle(customer_ids, conditions, now=clock())
    return customer_ids


def lock_segments() -> None:
    """Hold the writing of members of live segments for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('regulars.segments'))")


def settle(
    customer_ids: Collection[int], conditions: Mapping[int, Condition], *, now: datetime
) -> None:
    """Bring the segments of these persons up to date from the database."""
    everyone = persons_of(customer_ids)
    records = {*customer_ids, *(one for persons in everyone.values() for one in persons)}
    standings = standings_of(people_among(customer_ids), conditions, now=now)
    wanted = {(id_, lead) for lead, one in standings.items() for id_ in one.segment_ids}
    current = _current(records, conditions)
    _enter(wanted - current, now=now)
    _leave(current - wanted, now=now)
    _set_clocks(records, standings)


def _taken(now: datetime) -> set[int]:
    """A batch of those who wait and of those whose moment has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_segmenttouch SET is_waiting = false WHERE id IN (
                SELECT id FROM customers_segmenttouch WHERE is_waiting ORDER BY id LIMIT %s
                FOR UPDATE SKIP LOCKED)
            RETURNING customer_id""",
            [TOUCHED_AT_ONCE],
        )
        touched = {row[0] for row in cursor.fetchall()}
        cursor.execute(
            """DELETE FROM customers_segmentclock WHERE customer_id IN (
                SELECT customer_id FROM customers_segmentclock WHERE changes_at <= %s
                ORDER BY changes_at LIMIT %s)
            RETURNING customer_id""",
            [now, RUNG_AT_ONCE],
        )
        return touched | {row[0] for row in cursor.fetchall()}


def _current(records: Collection[int], conditions: Mapping[int, Condition]) -> set[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT segment_id, customer_id FROM customers_segmentmember
            WHERE customer_id = ANY(%s::bigint[]) AND segment_id = ANY(%s::bigint[])
                AND left_at IS NULL""",
            [int_array(records), int_array(conditions)],
        )
        return set(cursor.fetchall())


def _enter(pairs: Collection[tuple[int, int]], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_segmentmember (segment_id, customer_id, entered_at)
            SELECT segment.id, given.customer_id, %s
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (segment_id, customer_id)
            JOIN customers_segment segment ON segment.id = given.segment_id
            ON CONFLICT DO NOTHING RETURNING segment_id, customer_id""",
            [now, int_array(one for one, _ in pairs), int_array(one for _, one in pairs)],
        )
        for segment_id, customer_ids in by_segment(cursor.fetchall()).items():
            publish(SegmentsEntered(segment_id=segment_id, customer_ids=customer_ids))


def _leave(pairs: Collection[tuple[int, int]], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_segmentmember member SET left_at = greatest(%s, entered_at)
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (segment_id, customer_id)
            WHERE member.segment_id = given.segment_id AND member.customer_id = given.customer_id
                AND member.left_at IS NULL
            RETURNING member.segment_id, member.customer_id""",
            [now, int_array(one for one, _ in pairs), int_array(one for _, one in pairs)],
        )
        for segment_id, customer_ids in by_segment(cursor.fetchall()).items():
            publish(SegmentsLeft(segment_id=segment_id, customer_ids=customer_ids))


def by_segment(rows: Collection[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    """The customers of pairs of segment and customer, by segment, in order."""
    found = defaultdict(list)
    for segment_id, customer_id in sorted(rows):
        found[segment_id].append(customer_id)
    return {segment_id: tuple(ids) for segment_id, ids in found.items()}


def _set_clocks(records: Collection[int], standings: Mapping[int, Standing]) -> None:
    ahead = {lead: one.changes_at for lead, one in standings.items() if one.changes_at}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM customers_segmentclock WHERE customer_id = ANY(%s::bigint[])",
            [int_array(set(records) - set(ahead))],
        )
        cursor.execute(
            """INSERT INTO customers_segmentclock (customer_id, changes_at)
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[])
            ON CONFLICT (customer_id) DO UPDATE SET changes_at = excluded.changes_at""",
            [int_array(ahead), time_array(ahead.values())],
        )


def next_wake(*, now: datetime) -> datetime | None:
    """The clock's next moment, if no earlier waking is arranged; notes that it is arranged now."""
    first = SegmentClock.objects.order_by("changes_at").values_list("changes_at", flat=True).first()
    arranged = SegmentUpkeep.objects.filter(pk=1).values_list("wakes_at", flat=True).first()
    if first is None or (arranged is not None and now < arranged <= first):
        return None
    SegmentUpkeep.objects.filter(pk=1).update(wakes_at=first)
    return first


def forget_touches(*, before: datetime) -> int:
    """Delete touches that are done and older than what the lake holds."""
    return SegmentTouch.objects.filter(is_waiting=False, at__lt=before).delete()[0]
