"""Who is in segments, for everybody at once: when a segment is new or changed, and every night."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection, transaction

from regulars.core.conditions.tree import Condition
from regulars.core.events import publish, together
from regulars.core.sql import int_array
from regulars.customers.actions.following import by_segment, lock_segments
from regulars.customers.actions.identities import ID_MAX
from regulars.customers.events import SegmentsEntered, SegmentsLeft
from regulars.customers.knowledge import Lake
from regulars.customers.models import Segment, SegmentTouch
from regulars.customers.queries.segments import conditions_of, in_company_zone
from regulars.insight.actions.lake import refresh_facts
from regulars.insight.queries.metrics import run_tables
from regulars.insight.segments.people import facts_read, people_with
from regulars.insight.segments.sizes import CLOCKS_DIFFER, lake_moment
from regulars.insight.segments.turns import next_turn

PIECE = 500
"""Persons whose stays are written at a time: so long the upkeep of what happens now has to wait."""


def fill_waiting_segments(asked: Collection[int], *, now: datetime) -> dict[str, tuple[int, int]]:
    """Fill all segments that are new or changed, if any of these still is.

    So of many wishes the first does the work of all, in one pass over the lake.
    """
    waiting = set(Segment.objects.filter(kind="live", counted_at=None).values_list("pk", flat=True))
    return fill_segments(waiting, now=now) if waiting.intersection(asked) else {}


def fill_segments(
    segment_ids: Collection[int] = (), *, now: datetime
) -> dict[str, tuple[int, int]]:
    """Find the people of live segments anew, of these or of all; by code how many came and went.

    They are written in pieces, so that whoever something happens to meanwhile does not wait. Those
    who changed since the lake's moment are left to the upkeep that follows. The first filling of a
    segment tells nobody of its entries; later ones do. Segments that are switched off lose their
    people.
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
    changes = {one.code: (0, 0) for one in segments if one.pk in conditions}
    filled = [one for one in segments if one.pk in conditions]
    for low, high, piece in _pieces(found):
        with transaction.atomic():
            filled = _unchanged(filled)
            for segment, came, went in _exchange(filled, piece, (low, high), moment, now=now):
                before = changes[segment.code]
                changes[segment.code] = before[0] + came, before[1] + went
            _set_clocks(piece)
    with transaction.atomic():
        _finish(_unchanged(filled), moment, now=now)
    return {one.code: changes[one.code] for one in filled}


def _unchanged(segments: Sequence[Segment]) -> list[Segment]:
    """Of these segments those that ask what they asked; no stays change but by this transaction."""
    lock_segments()
    versions = dict(
        Segment.objects.filter(pk__in=[one.pk for one in segments]).values_list("pk", "version")
    )
    return [one for one in segments if versions.get(one.pk) == one.version]


def _pieces(found: Any) -> Iterator[tuple[int, int, Any]]:
    """The table in pieces, each with the ids from which and before which it tells of everybody."""
    starts = range(0, max(len(found), 1), PIECE)
    firsts = [found["person_id"][at].as_py() for at in starts[1:]]
    bounds = [0, *firsts, ID_MAX]
    for at, (low, high) in zip(starts, pairwise(bounds), strict=True):
        yield low, high, found.slice(at, PIECE)


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


def _exchange(
    segments: Sequence[Segment],
    piece: Any,
    bounds: tuple[int, int],
    moment: datetime,
    *,
    now: datetime,
) -> list[tuple[Segment, int, int]]:
    """Put those found in the place of those who were in; says how many came and went.

    Persons who changed since the lake's moment stay as they are.
    """
    ids = piece["person_id"].to_numpy()
    held = {one.pk: ids[piece[f"s{one.pk}"].to_numpy() == 1].tolist() for one in segments}
    rows = [(segment_id, id_) for segment_id, some in held.items() for id_ in some]
    given = [int_array([row[0] for row in rows]), int_array([row[1] for row in rows])]
    since = moment - CLOCKS_DIFFER
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_TOUCHED} UPDATE customers_segmentmember member SET left_at = greatest(%s, entered_at)
            WHERE segment_id = ANY(%s::bigint[]) AND left_at IS NULL
                AND customer_id >= %s AND customer_id < %s
                AND NOT EXISTS (SELECT FROM unnest(%s::bigint[], %s::bigint[]) AS held (segment, id)
                    WHERE held.segment = segment_id AND held.id = customer_id)
                AND NOT EXISTS (SELECT FROM touched WHERE touched.id = customer_id)
            RETURNING segment_id, customer_id""",
            [since, now, int_array(held), *bounds, *given],
        )
        left = by_segment(cursor.fetchall())
        cursor.execute(
            f"""{_TOUCHED} INSERT INTO customers_segmentmember (segment_id, customer_id, entered_at)
            SELECT held.segment, held.id, %s
            FROM unnest(%s::bigint[], %s::bigint[]) AS held (segment, id)
            JOIN customers_customer USING (id)
            WHERE NOT EXISTS (SELECT FROM touched WHERE touched.id = held.id)
            ORDER BY held.id, held.segment
            ON CONFLICT DO NOTHING RETURNING segment_id, customer_id""",
            [since, now, *given],
        )
        entered = by_segment(cursor.fetchall())
    told = [one.pk for one in segments if one.counted_at is not None]
    _tell(told, entered, left)
    return [(one, len(entered.get(one.pk, ())), len(left.get(one.pk, ()))) for one in segments]


_TOUCHED = """WITH touched AS MATERIALIZED (
    SELECT DISTINCT coalesce(customer.merged_into_id, customer.id) AS id
    FROM customers_segmenttouch touch JOIN customers_customer customer
        ON customer.id = touch.customer_id
    WHERE touch.at >= %s
)"""


def _tell(
    segment_ids: Collection[int],
    entered: Mapping[int, tuple[int, ...]],
    left: Mapping[int, tuple[int, ...]],
) -> None:
    with together():
        for kind, changed in ((SegmentsEntered, entered), (SegmentsLeft, left)):
            for segment_id in segment_ids:
                if ids := changed.get(segment_id):
                    publish(kind(segment_id=segment_id, customer_ids=ids))


def _set_clocks(piece: Any) -> None:
    """The clock never rings later than time could change something; earlier is no harm."""
    ahead = piece.filter(piece["turn_s"].is_valid()).select(["person_id", "turn_s"])
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_segmentclock (customer_id, changes_at)
            SELECT id, to_timestamp(turn_s) FROM unnest(%s::bigint[], %s::bigint[]) AS turn (id, turn_s)
            ON CONFLICT (customer_id) DO UPDATE
            SET changes_at = least(customers_segmentclock.changes_at, excluded.changes_at)""",
            [int_array(ahead["person_id"].to_pylist()), int_array(ahead["turn_s"].to_pylist())],
        )


def _finish(segments: Sequence[Segment], moment: datetime, *, now: datetime) -> None:
    """Note that these are filled, and have those looked at again who changed meanwhile."""
    Segment.objects.filter(pk__in=[one.pk for one in segments]).update(counted_at=now)
    SegmentTouch.objects.filter(at__gte=moment - CLOCKS_DIFFER).update(is_waiting=True)


def _empty(segment_ids: Sequence[int], *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_segmentmember SET left_at = greatest(%s, entered_at)
            WHERE segment_id = ANY(%s::bigint[]) AND left_at IS NULL""",
            [now, int_array(segment_ids)],
        )
