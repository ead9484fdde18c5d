"""Conditions about whole tables, as one Ibis expression; `evaluation` answers for one record."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis
from ibis.expr import types as ir

from regulars.core.conditions.evaluation import bounds, folded
from regulars.core.conditions.fields import Field
from regulars.core.conditions.notes import MARK, beginning, sortable
from regulars.core.conditions.tree import All, Any_, Condition, Did, Not, Test


def matching(condition: Condition, table: ir.Table, *, now: datetime) -> ir.BooleanValue:
    """A column that is true for the rows of which the condition is true, and false for all others.

    The table has a column for each of the condition's fields, named as they are, and one for each
    test of what was done, which `performed.with_performed` adds. Unknown becomes false only at the
    very end, so `table.filter(matching(...))` gives exactly the rows for which `holds` is true.
    """
    return truth_in(table, condition, now=now).fill_null(False)


def rows_matching(condition: Condition, table: ir.Table, *, now: datetime) -> ir.Table:
    """The rows of the table of which the condition is true.

    Parts that all have to be true are asked one by one, so an engine can leave rows out by the
    first of them before it joins what the others need.
    """
    parts = condition.parts if isinstance(condition, All) else (condition,)
    truths = [truth_in(table, part, now=now).fill_null(False) for part in parts]
    return table.filter(truths) if truths else table


def truth_in(table: ir.Table, condition: Condition, *, now: datetime) -> Any:
    """A column that is true, false or null as the condition is true, false or unknown."""
    match condition:
        case Test():
            return _tested(condition, column_of(condition.field, table), now)
        case Did():
            value = table[condition.column]
            if isinstance(condition.test, Test) and condition.measure in ("count", "sum"):
                return _tested(condition.test, value, now)
            return value
        case Not(part):
            return ~truth_in(table, part, now=now)
        case All(parts):
            truths = (truth_in(table, part, now=now) for part in parts)
            return reduce(and_, truths, ibis.literal(True))
        case Any_(parts):
            truths = (truth_in(table, part, now=now) for part in parts)
            return reduce(or_, truths, ibis.literal(False))


def column_of(field: Field, table: ir.Table) -> Any:
    """The column of a field; of what people name themselves, found in the column of all notes."""
    column: Any = table[field.name]
    if not field.key:
        return column
    begins = beginning(field)
    start = column.find(begins)
    is_there = (start >= 0).fill_null(False)
    if field.type == "anything":
        return ibis.ifelse(is_there, ibis.literal(True), ibis.null("boolean"))
    rest = column.substr(start + len(begins))
    found = ibis.ifelse(is_there, rest.left(rest.find(MARK)), ibis.null("string"))
    match field.type:
        case "boolean":
            return found == "yes"
        case "date":
            return found.cast("date")
        case _:
            return found


def moment_in(column: Any, at: datetime) -> Any:
    """A moment as a literal that compares with a column, whether that has a zone or not."""
    return _moment(at, column)


def _tested(test: Test, column: Any, now: datetime) -> Any:
    if test.field.type == "number":
        column = column.cast("float64")
        column = ibis.ifelse(column.isnan(), ibis.null("float64"), column)
    if test.operator.needs == "days":
        return _within(column, *bounds(test, now))
    given = [_literal(test, value, column) for value in test.values]
    return _COMPARISONS[test.operator.name](column, given)


def _literal(test: Test, value: Any, column: Any) -> Any:
    if test.operator.name in ("contains", "starts_with"):
        return ibis.literal(folded(value))
    if test.operator.name == "under":
        return ibis.literal(f"{value}/")
    if isinstance(value, date):
        return _moment(value, column)
    if test.field.type == "decimal":
        return ibis.literal(sortable(value))
    if test.field.type == "number":
        # A number written out in SQL is a decimal there, and its cast to a double may be off by
        # one unit in the last place; the cast from text is exact.
        return ibis.literal(repr(value)).cast("float64")
    return ibis.literal(value)


def _moment(value: date, column: Any) -> Any:
    """A day or moment as a literal of the column's own type, with a zone or without (then UTC)."""
    if isinstance(value, datetime) and column.type().timezone is None:
        value = value.replace(tzinfo=None)
    return ibis.literal(value, type=column.type())


def _within(column: Any, low: Any, high: Any) -> Any:
    before_end = column < _moment(high, column)
    return before_end if low is None else (column >= _moment(low, column)) & before_end


def _under(column: Any, given: Sequence[Any]) -> Any:
    ended = column.concat("/")
    return reduce(or_, (ended.startswith(path) for path in given))


def _contains_any(column: Any, given: Sequence[Any]) -> Any:
    return reduce(or_, (column.contains(wanted) for wanted in given))


def _contains_all(column: Any, given: Sequence[Any]) -> Any:
    return reduce(and_, (column.contains(wanted) for wanted in given))


_COMPARISONS: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "is_known": lambda column, _: column.notnull(),
    "is_unknown": lambda column, _: column.isnull(),
    "equals": lambda column, given: column == given[0],
    "not_equals": lambda column, given: column != given[0],
    "less": lambda column, given: column < given[0],
    "at_most": lambda column, given: column <= given[0],
    "more": lambda column, given: column > given[0],
    "at_least": lambda column, given: column >= given[0],
    "between": lambda column, given: (column >= given[0]) & (column <= given[1]),
    "in": lambda column, given: column.isin(given),
    "not_in": lambda column, given: column.notin(given),
    "contains": lambda column, given: column.lower().contains(given[0]),
    "under": _under,
    "starts_with": lambda column, given: column.lower().startswith(given[0]),
    "has_any": _contains_any,
    "has_all": _contains_all,
}
