"""Functions over many values: sums and counts, also over one column of rows with a condition."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from regulars.feedback.survey.operators import above, added, below, is_empty, is_true
from regulars.feedback.survey.scalars import Value, coerced, number_in, text_of, tidy
from regulars.feedback.survey.scopes import Item, Scope

Node = Callable[[Scope], Value]
Reader = Callable[[str], Node]


PLACES_MAX = 100
DECIMALS_MAX = 400
"""More than any number is written with."""


@dataclass(frozen=True, slots=True)
class Part:
    """One argument of a call as it is written: how to evaluate it, and whether it is a bare text."""

    node: Node
    is_text: bool = False


def flat(values: Sequence[Value]) -> list[Value]:
    """Every value in lists of any depth, without what is missing; texts that spell numbers as such.

    >>> flat([1, ["2", None, [True]]])
    [1, 2, True]
    """
    found: list[Value] = []
    for value in values:
        if isinstance(value, list):
            found += flat(value)
        elif value is not None:
            number = number_in(value)
            found.append(value if number is None else number)
    return found


def total(values: Sequence[Value]) -> Value:
    """The sum of all values.

    >>> total([0.1, 0.2, "3"])
    3.3
    """
    result: Value = 0
    for value in flat(values):
        result = added(result, value)
    return result


def average(values: Sequence[Value]) -> Value:
    """The mean of all values, 0 of none."""
    count = len(flat(values))
    return tidy(coerced(total(values)) / count) if count else 0


def least(values: Sequence[Value]) -> Value:
    """The smallest value, None of none."""
    found = flat(values)
    result = found[0] if found else None
    for value in found:
        result = value if above(result, value) else result
    return result


def greatest(values: Sequence[Value]) -> Value:
    """The largest value, None of none."""
    found = flat(values)
    result = found[0] if found else None
    for value in found:
        result = value if below(result, value) else result
    return result


def rounded(values: Sequence[Value]) -> Value:
    """A number rounded to so many decimals, halves up; NaN for what is no number.

    >>> rounded([2.345, 2]), rounded([-2.5]), rounded([1e308, 2])
    (2.35, -3, inf)
    """
    found = flat(values)
    number = number_in(found[0]) if found else None
    places = number_in(found[1] if is_true(found[1]) else 0) if len(found) > 1 else 0
    if number is None or places is None or abs(places) > PLACES_MAX:
        return math.nan
    power = math.pow(10, places)
    moved = number * power * (1 + 2**-52)
    return tidy(math.floor(moved + 0.5) / power) if math.isfinite(moved) else moved


def truncated(values: Sequence[Value]) -> Value:
    """A number cut after so many decimals; NaN for what is no number.

    >>> truncated([2.789, 1]), truncated([-2.7]), truncated([2.789, 4999999999])
    (2.7, -2, 2.789)
    """
    found = flat(values)
    number = number_in(found[0]) if found else None
    places = number_in(found[1] if is_true(found[1]) else -1) if len(found) > 1 else -1
    if number is None or places is None:
        return math.nan
    most = min(tidy(places), DECIMALS_MAX)
    shape = r"-?\d+" if places < 0 else rf"-?\d+(?:.\d{{0,{most}}})?"
    match = re.match(shape, text_of(number))
    return coerced(match[0]) if match else math.nan


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows that meet the condition, the column that counts, and the column that is given back."""

    rows: list[Mapping[str, Value]]
    column: str
    given: str


def _rows(
    values: Sequence[Value], parts: Sequence[Part], scope: Scope, read: Reader
) -> _Rows | None:
    if not 2 <= len(values) <= 4 or not isinstance(values[0], list | dict):
        return None
    column = values[1]
    if not isinstance(column, str):
        return None
    given, at = column, 2
    if len(values) > 2 and parts[2].is_text and not re.search(r"[{}><=!]", str(values[2])):
        given, at = str(values[2]), 3
    node = _condition(values, parts, at=at, read=read)
    members = values[0] if isinstance(values[0], list) else list(values[0].values())
    rows: list[Mapping[str, Value]] = [
        row
        for row in members
        if isinstance(row, dict)
        and not is_empty(row.get(column))
        and (node is None or _is_met(node(Item(row, scope))))
    ]
    return _Rows(rows, column, given)


def _is_met(value: Value) -> bool:
    return value is True or (isinstance(value, int | float | str) and coerced(value) == 1)


def _condition(
    values: Sequence[Value], parts: Sequence[Part], *, at: int, read: Reader
) -> Node | None:
    if len(values) <= at:
        return None
    value = values[at]
    return read(value) if isinstance(value, str) and value else parts[at].node


def _as_number(value: Value) -> Value:
    return number_in(value) if isinstance(value, str) else value


def sum_of_rows(rows: _Rows) -> Value:
    """The sum of a column."""
    result: Value = 0
    for row in rows.rows:
        value = _as_number(row[rows.column])
        result = result if value is None else added(result, value)
    return result


def mean_of_rows(rows: _Rows) -> Value:
    """The mean of a column over the rows that have it, 0 of none."""
    return tidy(coerced(sum_of_rows(rows)) / len(rows.rows)) if rows.rows else 0


def _best(rows: _Rows, is_better: Callable[[Value, Value], bool]) -> Value:
    best: Value = None
    found: Mapping[str, Value] = {}
    for row in rows.rows:
        value = _as_number(row[rows.column])
        if value is not None and (best is None or is_better(value, best)):
            best, found = value, row
    return best if rows.given == rows.column else found.get(rows.given)


def over_rows(
    calculate: Callable[[_Rows], Value], *, otherwise: Value, read: Reader
) -> Callable[..., Value]:
    """A function of expressions over the rows of its first argument."""

    def call(values: Sequence[Value], parts: Sequence[Part], scope: Scope) -> Value:
        rows = _rows(values, parts, scope, read)
        return otherwise if rows is None else calculate(rows)

    return call


def row_functions(read: Reader) -> dict[str, Callable[..., Value]]:
    """The functions over rows by name; read turns a condition that is a text into a node."""
    return {
        "sumInArray": over_rows(sum_of_rows, otherwise=0, read=read),
        "avgInArray": over_rows(mean_of_rows, otherwise=0, read=read),
        "countInArray": over_rows(lambda rows: len(rows.rows), otherwise=0, read=read),
        "minInArray": over_rows(lambda rows: _best(rows, below), otherwise=None, read=read),
        "maxInArray": over_rows(lambda rows: _best(rows, above), otherwise=None, read=read),
    }
