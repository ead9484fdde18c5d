"""Who is in segments, for everybody at once: when a segment is new or changed, and every night."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from regulars.core.conditions.tree import Condition
from regulars.core.events import publish
from regulars.core.sql import int_array
from regulars.customers.actions.following import lock_segments
from regulars.customers.events import SegmentsEntered, SegmentsLeft
from regulars.customers.knowledge import Lake
from regulars.customers.models import Segment
from regulars.customers.queries.segments import conditions_of, in_company_zone
from regulars.insight.actions.lake import refresh_facts
from regulars.insight.queries.metrics import run_tables
from regulars.insight.segments.people import facts_read, people_with
from regulars.insight.segments.sizes import CLOCKS_DIFFER, lake_moment
from regulars.insight.segments.turns import next_turn

TOLD_AT_ONCE = 10_000


def fill_segments(
    segment_ids: Collection[int] = (), *, now: datetime
) -> dict[str, tuple[int, int]]:
    """Find the people of live segments anew, of these or of all; by code how many came and went.

    Whoever changed since the lake's moment is looked at again by the upkeep that follows. The
    first filling of a segment tells nobody of its entries; later ones do. Segments that are
    switched off lose their people.
    """
    segments = list(Segment.objects.filter(kind="live").order_by("pk"))
    segments = [one for one in segments if not segment_ids or one.pk in segment_ids]
    conditions = conditions_of([one for one in segments if one.is_on])
    _empty([one.pk for one in segments if not one.is_on], now=now)
    if not conditions:
        return {}
    asked = list(conditions.values())
    refresh_facts(facts_read(asked), now=now)
    moment = lake_moment(asked, now=now)
    found = _found(conditions, now=in_company_zone(now))
    with transaction.atomic():
        lock_segments()
        unchanged = dict(Segment.objects.filter(pk__in=conditions).values_list("pk", "version"))
        changes = {
            one.code: _exchange(one, found, now=now)
            for one in segments
            if one.pk in conditions and unchanged.get(one.pk) == one.version
        }
        _set_clocks(found)
        _touch_again(moment)
    return changes


def _found(conditions: Mapping[int, Condition], *, now: datetime) -> Any:
    """A column of truth for each segment, by person, and the clock's next moment in seconds."""
    from regulars.core.conditions.sets import matching  # imports Ibis, which is slow

    asked = list(conditions.values())

    def expression(tables: Any) -> Any:
        lake = Lake(tables)
        people = people_with(asked, lake, now=now)
        truths = {f"s{id_}": matching(one, people, now=now) for id_, one in conditions.items()}
        return next_turn(people, asked, lake, now=now).select("person_id", "turn_s", **truths)

    # Rows that come in the order of the indexes they go into are written several times faster.
    return run_tables(expression, facts_read(asked)).sort_by("person_id")


def _exchange(segment: Segment, found: Any, *, now: datetime) -> tuple[int, int]:
    """Put those found in the place of those who were in; says how many came and went."""
    ids = found.filter(found[f"s{segment.pk}"])["person_id"].to_pylist()
    is_first = segment.counted_at is None
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS held (id bigint PRIMARY KEY)")
        cursor.execute("TRUNCATE held")
        with cursor.copy("COPY held FROM STDIN") as copy:
            copy.write("".join(f"{id_}\n" for id_ in ids))
        cursor.execute("ANALYZE held")
        cursor.execute(
            """UPDATE customers_segmentmember member SET left_at = greatest(%s, entered_at)
            WHERE segment_id = %s AND left_at IS NULL
                AND NOT EXISTS (SELECT FROM held WHERE held.id = member.customer_id)
            RETURNING customer_id""",
            [now, segment.pk],
        )
        left = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """INSERT INTO customers_segmentmember (segment_id, customer_id, entered_at)
            SELECT %s, held.id, %s FROM held JOIN customers_customer USING (id) ORDER BY held.id
            ON CONFLICT DO NOTHING RETURNING customer_id""",
            [segment.pk, now],
        )
        entered = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP TABLE held")
    Segment.objects.filter(pk=segment.pk).update(counted_at=now)
    if not is_first:
        _tell(segment.pk, entered, left)
    return len(entered), len(left)


def _tell(segment_id: int, entered: Sequence[int], left: Sequence[int]) -> None:
    for kind, ids in ((SegmentsEntered, entered), (SegmentsLeft, left)):
        for at in range(0, len(ids), TOLD_AT_ONCE):
            some = tuple(ids[at : at + TOLD_AT_ONCE])
            publish(kind(segment_id=segment_id, customer_ids=some))


def _set_clocks(found: Any) -> None:
    """The clock never rings later than time could change something; earlier is no harm."""
    ahead = found.filter(found["turn_s"].is_valid()).select(["person_id", "turn_s"])
    pairs = zip(ahead["person_id"].to_pylist(), ahead["turn_s"].to_pylist(), strict=True)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE turns (id bigint, turn_s bigint) ON COMMIT DROP")
        with cursor.copy("COPY turns FROM STDIN") as copy:
            copy.write("".join(f"{id_}\t{seconds}\n" for id_, seconds in pairs))
        cursor.execute(
            """INSERT INTO customers_segmentclock (customer_id, changes_at)
            SELECT id, to_timestamp(turn_s) FROM turns
            ON CONFLICT (customer_id) DO UPDATE
            SET changes_at = least(customers_segmentclock.changes_at, excluded.changes_at)"""
        )


def _touch_again(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_segmenttouch SET is_waiting = true WHERE at >= %s",
            [moment - CLOCKS_DIFFER],
        )


def _empty(segment_ids: Sequence[int], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_segmentmember SET left_at = greatest(%s, entered_at)
            WHERE segment_id = ANY(%s::bigint[]) AND left_at IS NULL""",
            [now, int_array(segment_ids)],
        )
