"""Exact sizes: the lake for everybody, the database for whom it does not know the latest of."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min

from regulars.core.conditions.tree import Condition
from regulars.customers.knowledge import Lake
from regulars.customers.models import SegmentTouch
from regulars.customers.queries.persons import persons_of
from regulars.customers.queries.segments import in_company_zone, people_among, standings_of
from regulars.insight.actions.lake import refresh_facts
from regulars.insight.models import LakeFact
from regulars.insight.queries.metrics import run_tables
from regulars.insight.segments.people import facts_read, people_with

CHANGED_MAX = 2_000
"""More changed customers than this are not asked of the database while somebody waits."""

CLOCKS_DIFFER = timedelta(seconds=5)
"""Between the moment of a change and that of an export at most so much may be mistaken."""

SAMPLE = 10


@dataclass(frozen=True)
class Size:
    """How many people a condition holds for, some of them, and how many changes are not counted.

    `pending` is 0 for an exact size. Otherwise so many customers changed since `counted_at`, the
    moment of the lake, that they are counted as they were then.
    """

    size: int
    everybody: int
    sample: tuple[int, ...]
    counted_at: datetime
    pending: int = 0


@dataclass(frozen=True)
class Overlap:
    """How many are in the first, in the second, and in both."""

    first: int
    second: int
    both: int

    @property
    def jaccard(self) -> float | None:
        """The share of those in either who are in both; None where nobody is in either."""
        either = self.first + self.second - self.both
        return self.both / either if either else None


@dataclass(frozen=True)
class _Changed:
    """Who is not taken from the lake: all their records, and who matches what by the database."""

    records: tuple[int, ...]
    held: dict[int, frozenset[int]]
    pending: int

    def count(self, *wanted: int) -> int:
        return sum(set(wanted) <= ids for ids in self.held.values())


def size_of(condition: Condition, *, now: datetime) -> Size:
    """How many people a condition is true of now, exactly, with a sample of ten."""
    from regulars.core.conditions.sets import rows_matching  # imports Ibis, which is slow

    now = in_company_zone(now)
    moment = lake_moment([condition], now=now)
    changed = _changed([condition], moment, now=now)

    def held_in(tables: Any) -> Any:
        people = _people([condition], tables, changed, now=now)
        return rows_matching(condition, people, now=now).select("person_id")

    def counts(tables: Any) -> Any:
        held, everybody = held_in(tables), _people((), tables, changed, now=now)
        # The first of each tenth: these make a sample in the same pass.
        tenth = held.person_id % SAMPLE
        sized = held.group_by(tenth=tenth).agg(size=held.count(), first=held.person_id.min())
        return everybody.agg(everybody=everybody.count()).left_join(sized, True)

    def some(tables: Any) -> Any:
        return held_in(tables).order_by("person_id").limit(SAMPLE)

    names = facts_read([condition])
    rows = run_tables(counts, names).to_pylist()
    size = sum(row["size"] or 0 for row in rows)
    sample = {row["first"] for row in rows} - {None}
    if len(sample) < min(SAMPLE, size):
        sample = {found["person_id"] for found in run_tables(some, names).to_pylist()}
    sample |= {lead for lead, ids in changed.held.items() if ids}
    return Size(
        size + changed.count(0),
        rows[0]["everybody"] + len(changed.held),
        tuple(sorted(sample)[:SAMPLE]),
        moment if changed.pending else now,
        changed.pending,
    )


def overlap_of(first: Condition, second: Condition, *, now: datetime) -> Overlap:
    """How far two conditions hold for the same people, exactly."""
    now = in_company_zone(now)
    both = [first, second]
    changed = _changed(both, lake_moment(both, now=now), now=now)

    def counts(people: Any, matched: Sequence[Any]) -> Any:
        one, other = (match.cast("int64") for match in matched)
        return people.agg(first=one.sum(), second=other.sum(), both=(one * other).sum())

    (row,) = _rows(counts, both, changed, now=now)
    return Overlap(
        (row["first"] or 0) + changed.count(0),
        (row["second"] or 0) + changed.count(1),
        (row["both"] or 0) + changed.count(0, 1),
    )


def counts_of(
    condition: Condition, others: Sequence[Condition], *, now: datetime
) -> tuple[int, ...]:
    """How many people a condition holds for, and for how many each of the others does too; exactly."""
    now = in_company_zone(now)
    asked = [condition, *others]
    changed = _changed(asked, lake_moment(asked, now=now), now=now)

    def counts(people: Any, matched: Sequence[Any]) -> Any:
        base, *rest = matched
        both = {f"n{at}": (base & one).cast("int64").sum() for at, one in enumerate(rest, 1)}
        return people.agg(n0=base.cast("int64").sum(), **both)

    (row,) = _rows(counts, asked, changed, now=now)
    return tuple((row[f"n{at}"] or 0) + changed.count(0, at) for at in range(len(asked)))


def lake_moment(conditions: Collection[Condition], *, now: datetime) -> datetime:
    """Until when the facts that are read are in the lake; what was never exported is now."""
    names = facts_read(conditions)
    done = LakeFact.objects.filter(name__in=names, exported_at__isnull=False)
    if missing := names - set(done.values_list("name", flat=True)):
        refresh_facts(missing, now=now)
    moment: datetime | None = done.aggregate(oldest=Min("exported_at"))["oldest"]
    assert moment is not None, "facts were exported a moment ago"
    return moment


def changed_since(moment: datetime) -> Any:
    """The customers who were touched since the lake's moment, as rows of ids."""
    touched = SegmentTouch.objects.filter(at__gte=moment - CLOCKS_DIFFER)
    return touched.values_list("customer_id", flat=True).distinct()


def _changed(conditions: Sequence[Condition], moment: datetime, *, now: datetime) -> _Changed:
    touched = list(changed_since(moment)[: CHANGED_MAX + 1])
    if len(touched) > CHANGED_MAX:
        return _Changed((), {}, changed_since(moment).count())
    if not touched:
        return _Changed((), {}, 0)
    records = {one for persons in persons_of(touched).values() for one in persons}
    standings = standings_of(people_among(touched), dict(enumerate(conditions)), now=now)
    held = {lead: one.segment_ids for lead, one in standings.items()}
    return _Changed(tuple(sorted(records | set(touched))), held, 0)


def _rows(
    make: Callable[[Any, Sequence[Any]], Any],
    conditions: Sequence[Condition],
    changed: _Changed,
    *,
    now: datetime,
) -> list[dict[str, Any]]:
    from regulars.core.conditions.sets import matching  # imports Ibis, which is slow

    def expression(tables: Any) -> Any:
        people = _people(conditions, tables, changed, now=now)
        truths = {f"m{at}": matching(one, people, now=now) for at, one in enumerate(conditions)}
        marked = people.select("person_id", **truths)
        return make(marked, [marked[name] for name in truths])

    return list(run_tables(expression, facts_read(conditions)).to_pylist())


def _people(
    conditions: Sequence[Condition], tables: Any, changed: _Changed, *, now: datetime
) -> Any:
    """Those who are taken from the lake, with what the conditions ask."""
    people = people_with(conditions, Lake(tables), now=now)
    if not changed.records:
        return people
    return people.filter(people.person_id.notin(changed.records))
