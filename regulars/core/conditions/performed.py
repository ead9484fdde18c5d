"""What was done, for whole tables: one column for each test, from one pass over each kind of fact."""

from collections.abc import Mapping, Sequence
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
        counted = [did for did in of_kind if did.measure in ("count", "sum")]
        if counted:
            table = _with_counts(table, counted, facts[name], key=key, now=now)
        for did in of_kind:
            if did.measure in ("first", "last"):
                table = _with_one(table, did, facts[name], key=key, now=now)
    return table


def counted_dids(dids: Sequence[Did], rows: ir.Table, *, key: str, now: datetime) -> ir.Table:
    """For each key that did any of it, the count or sum of each test."""
    met = {did.column: _is_met(did, rows, now) for did in dids}
    some = rows.filter(reduce(or_, met.values()))
    if len(dids) == 1:
        values = {did.column: _value(did, some, None) for did in dids}
    else:
        values = {did.column: _value(did, some, _is_met(did, some, now)) for did in dids}
    return some.group_by(key).agg(**values)


def _with_counts(
    table: ir.Table, dids: Sequence[Did], rows: ir.Table, *, key: str, now: datetime
) -> ir.Table:
    counted = counted_dids(dids, rows, key=key, now=now).rename(counted_key=key)
    joined = table.left_join(counted, table[key] == counted.counted_key).drop("counted_key")
    return joined.mutate({did.column: joined[did.column].fill_null(0) for did in dids})


def _value(did: Did, rows: ir.Table, met: Any) -> Any:
    if did.of is not None:
        return rows[did.of.name].sum(where=met).cast("int64")
    if not did.fact.counted_by:
        return rows.count(where=met)
    return rows[did.fact.counted_by].nunique(where=met)


def _with_one(table: ir.Table, did: Did, rows: ir.Table, *, key: str, now: datetime) -> ir.Table:
    """The truth of what is asked of the first or last; null where there is none."""
    some = rows.filter(_is_met(did, rows, now))
    order = [some.at, some.id] if did.measure == "first" else [some.at.desc(), some.id.desc()]
    place = ibis.row_number().over(ibis.window(group_by=some[key], order_by=order))
    one = some.mutate(place=place).filter(lambda row: row.place == 0)
    truth = truth_in(one, did.test, now=now)
    asked = one.select(asked_key=one[key], **{did.column: truth})
    return table.left_join(asked, table[key] == asked.asked_key).drop("asked_key")


def _is_met(did: Did, rows: ir.Table, now: datetime) -> Any:
    low, high = bounds_of(did.window, now)
    met = rows.at < moment_in(rows.at, high)
    if low is not None:
        met &= rows.at >= moment_in(rows.at, low)
    return met & truth_in(rows, did.where, now=now).fill_null(False)
