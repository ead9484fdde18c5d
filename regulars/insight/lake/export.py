"""The flow of facts into the lake: new rows, months to write again, snapshots, fewer files."""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import reduce
from operator import xor

from django.db import connection, transaction
from django.db.models import Count

from regulars.insight.lake.fact import Fact
from regulars.insight.lake.files import Part, remove_files, rows_of, rows_of_files, sweep
from regulars.insight.lake.watermark import Bounds, bounds_of
from regulars.insight.models import LakeFact, LakePart, LakeRewrite

SLICE = 1_000_000
"""Ids read in one transaction, so that a first export of any size stays within a little memory."""

PARTS_MAX = 12
"""A month with more files than this is written into one."""


@dataclass(frozen=True)
class Exported:
    """What a run did for one fact: rows written, and the version the lake is at."""

    fact: str
    rows: int
    version: int


def export_fact(fact: Fact, *, zone: str, now: datetime) -> Exported:
    """Brings one fact of the lake up to date; safe to repeat, and to kill at any moment."""
    if fact.is_snapshot:
        return _export_snapshot(fact, zone=zone, now=now)
    rewritten = _rewrite_months(fact, zone=zone, now=now)
    written, after, has_more = rewritten, None, True
    while has_more:
        rows, after, has_more = _export_slice(fact, after, zone=zone, now=now)
        written += rows
    _compact(fact)
    return Exported(fact.name, written, LakeFact.objects.get(name=fact.name).version)


def _locked_state(fact: Fact, *, zone: str) -> LakeFact:
    """The fact's state, held by this transaction alone.

    It is begun anew when the time zone of days changed, or the columns of the fact.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('regulars.lake'), hashtext(%s))", [fact.name]
        )
    state, _ = LakeFact.objects.get_or_create(
        name=fact.name, defaults={"timezone": zone, "shape": fact.shape}
    )
    if (state.timezone, state.shape) != (zone, fact.shape):
        parts = LakePart.objects.filter(fact=fact.name)
        _forget(list(parts.values_list("path", flat=True)))
        state.shape = fact.shape
        state.timezone, state.settled_id, state.noted_id, state.noted_running = zone, 0, 0, []
        state.version += 1
        LakeRewrite.objects.filter(fact=fact.name).delete()
    return state


@transaction.atomic
def _export_slice(
    fact: Fact, after: int | None, *, zone: str, now: datetime
) -> tuple[int, int, bool]:
    state = _locked_state(fact, zone=zone)
    bounds = bounds_of(fact, state)
    tail = LakePart.objects.filter(fact=fact.name, is_settled=False) if after is None else ()
    before = [_part_of(part) for part in tail]
    if after is None:
        sweep(fact, set(LakePart.objects.filter(fact=fact.name).values_list("path", flat=True)))
        after = state.settled_id
    until = min(bounds.newest, after + SLICE)
    written = _write_between(fact, state, after=after, until=until, settled_id=bounds.settled)
    _replace(fact, state, before, written)
    _advance(state, bounds, until=until, now=now)
    return sum(part.rows for part in written), until, until < bounds.newest


def _write_between(
    fact: Fact, state: LakeFact, *, after: int, until: int, settled_id: int
) -> list[Part]:
    if after >= until:
        return []
    with rows_of(
        fact,
        where="id > %(after)s AND id <= %(until)s",
        after=after,
        until=until,
        zone=state.timezone,
    ) as rows:
        return rows.write(version=state.version + 1, settled_id=settled_id)


def _advance(state: LakeFact, bounds: Bounds, *, until: int, now: datetime) -> None:
    """Moves the watermark; a note is kept until it has served, or busy hours would never settle."""
    state.settled_id = max(state.settled_id, min(bounds.settled, until))
    if state.settled_id >= state.noted_id:
        state.noted_id = max(bounds.newest, state.settled_id)
        state.noted_running = list(bounds.running)
    state.exported_at = now
    state.save()


@transaction.atomic
def _rewrite_months(fact: Fact, *, zone: str, now: datetime) -> int:
    """Reads months again whose rows were voided or removed, and puts new files in their place."""
    state = _locked_state(fact, zone=zone)
    wishes = list(LakeRewrite.objects.filter(fact=fact.name).values_list("month", flat=True))
    before = [
        _part_of(part)
        for part in LakePart.objects.filter(fact=fact.name, month__in=wishes, is_settled=True)
    ]
    written: list[Part] = []
    if wishes:
        with rows_of(
            fact,
            where=f"id <= %(until)s AND to_char({fact.day}, 'YYYY-MM') = ANY(%(months)s)",
            until=state.settled_id,
            months=wishes,
            zone=zone,
        ) as rows:
            written = rows.write(version=state.version + 1)
        _replace(fact, state, before, written)
    LakeRewrite.objects.filter(fact=fact.name, month__in=wishes).delete()
    state.exported_at = now
    state.save()
    return sum(part.rows for part in written)


@transaction.atomic
def _export_snapshot(fact: Fact, *, zone: str, now: datetime) -> Exported:
    state = _locked_state(fact, zone=zone)
    before = [_part_of(part) for part in LakePart.objects.filter(fact=fact.name)]
    sweep(fact, {part.path for part in before})
    written: list[Part] = []
    with rows_of(fact, zone=zone) as rows:
        if {part.digest for part in before} != {rows.digest}:
            written = rows.write(version=state.version + 1)
            _replace(fact, state, before, written)
    state.exported_at = now
    state.save()
    return Exported(fact.name, sum(part.rows for part in written), state.version)


@transaction.atomic
def _compact(fact: Fact) -> None:
    """Makes one file of a month's many; the rows stay the same."""
    crowded = (
        LakePart.objects.filter(fact=fact.name, is_settled=True)
        .values("month")
        .annotate(parts=Count("id"))
        .filter(parts__gt=PARTS_MAX)
    )
    months = [row["month"] for row in crowded]
    if not months:
        return
    state = _locked_state(fact, zone=LakeFact.objects.get(name=fact.name).timezone)
    parts = LakePart.objects.filter(fact=fact.name, month__in=months, is_settled=True)
    before = [_part_of(part) for part in parts]
    with rows_of_files(fact, [part.path for part in before]) as rows:
        written = rows.write(version=state.version + 1)
    assert _content(before) == _content(written), "rows were lost while files were joined"
    _replace(fact, state, before, written)
    state.save()


def _replace(fact: Fact, state: LakeFact, before: list[Part], written: list[Part]) -> None:
    """Puts new files on the list in the place of old ones; readers learn it by the version."""
    if before or written:
        state.version += 1
    _forget([part.path for part in before])
    LakePart.objects.bulk_create([LakePart(fact=fact.name, **asdict(part)) for part in written])


def _forget(paths: list[str]) -> None:
    """Takes files off the list, and out of the folder once nobody can be told of them any more."""
    LakePart.objects.filter(path__in=paths).delete()
    transaction.on_commit(lambda: remove_files(paths))


def _part_of(row: LakePart) -> Part:
    return Part(
        row.month,
        row.path,
        row.first_id,
        row.last_id,
        row.rows,
        row.mix,
        row.digest,
        row.is_settled,
    )


def _content(parts: list[Part]) -> tuple[int, int]:
    return sum(part.rows for part in parts), reduce(xor, (part.mix for part in parts), 0)
