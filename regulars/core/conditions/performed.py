"""What was done, for whole tables: one column for each test, from one pass over each kind of fact."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import ibis
from ibis.expr import types as ir

from regulars.core.conditions.sets import moment_in, truth_in
from regulars.core.conditions.tree import Condition, Did, performed_in
from regulars.core.conditions.windows import bounds_of

Facts = Mapping[str, ir.Table]


def with_performed(
    table: ir.Table, conditions: Sequence[Condition], *, facts: Facts, key: str, now: datetime
) -> ir.Table:
    """The table with a column for each test of what was done in these conditions.

    `facts` gives a table for each kind by name: `key` (whose row it is), `at`, `id`, the fields
    that are read, and what it is counted by. A count or sum is 0 where nothing was done.
    """
    dids = {did.column: did for one in conditions for did in performed_in(one)}
    for name in sorted({did.fact.name for did in dids.values()}):
        of_kind = [did for did in dids.values() if did.fact.name == name]
        done = _by_key(of_kind, facts[name], key=key, now=now)
        joined = table.left_join(done, table[key] == done.done_key)
        answers = {did.column: _answer(did, joined) for did in of_kind}
        table = joined.select(*table.columns, **answers)
    return table


def _by_key(dids: Sequence[Did], rows: ir.Table, *, key: str, now: datetime) -> ir.Table:
    """For each key that did any of it, what the answers follow from."""
    some = rows.filter(reduce(or_, [_is_met(did, rows, now) for did in dids]))
    found: dict[str, Any] = {}
    for did in dids:
        met = ibis.literal(True) if len(dids) == 1 else _is_met(did, some, now)
        measure = _of_one_moment if did.measure in ("first", "last") else _measured
        found |= measure(did, some, met, now=now)
    return some.group_by(done_key=key).agg(**found)


def _measured(did: Did, rows: ir.Table, met: Any, *, now: datetime) -> dict[str, Any]:
    del now
    if did.of is not None:
        value = rows[did.of.name].sum(where=met).cast("int64")
    elif not did.fact.counted_by:
        value = rows.count(where=met)
    else:
        counted = _COUNTED[did.enough]
        value = counted(rows[did.fact.counted_by], met)
    return {_found(did): value}


def _some(column: Any, met: Any) -> Any:
    return column.count(where=met)


def _different(column: Any, met: Any) -> Any:
    return column.nunique(where=met)


def _one_or_several(column: Any, met: Any) -> Any:
    """1 or 2; null where there is none."""
    return (column.min(where=met) < column.max(where=met)).cast("int64") + 1


_COUNTED: dict[int | None, Callable[[Any, Any], Any]] = {
    1: _some,
    2: _one_or_several,
    None: _different,
}


def _of_one_moment(did: Did, rows: ir.Table, met: Any, *, now: datetime) -> dict[str, Any]:
    """The first or last moment, and that of those of which the test is true, and is unknown.

    Three aggregates of one column cost half of what it takes to put each person's rows in order.
    """
    truth = truth_in(rows, did.test, now=now)
    # `truth.isnull()` would become NOT … IS NULL where the test is a `not`, which reads otherwise.
    is_open = truth.fill_null(True) & ~truth.fill_null(False)
    wanted = {"": met, "_true": met & truth.fill_null(False), "_open": met & is_open}
    at = rows.at.min if did.measure == "first" else rows.at.max
    return {_found(did) + ending: at(where=one) for ending, one in wanted.items()}


def _answer(did: Did, joined: ir.Table) -> Any:
    found = joined[_found(did)]
    if did.measure not in ("first", "last"):
        return found.fill_null(0)
    is_open = found.isnull() | (joined[_found(did) + "_open"] == found).fill_null(False)
    other = ibis.ifelse(is_open, ibis.null("boolean"), ibis.literal(False))
    return ibis.ifelse(joined[_found(did) + "_true"] == found, ibis.literal(True), other)


def _found(did: Did) -> str:
    return f"found_{did.column}"


def _is_met(did: Did, rows: ir.Table, now: datetime) -> Any:
    low, high = bounds_of(did.window, now)
    met = rows.at < moment_in(rows.at, high)
    if low is not None:
        met &= rows.at >= moment_in(rows.at, low)
    return met & truth_in(rows, did.where, now=now).fill_null(False)
