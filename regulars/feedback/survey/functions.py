"""The functions that survey expressions may call, by the names that SurveyJS gives them."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from regulars.feedback.survey import dates, sums
from regulars.feedback.survey.operators import is_empty, is_true
from regulars.feedback.survey.scalars import Value, coerced, spells_number
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.sums import Part

__all__ = ["Function", "Part", "functions"]

Function = Callable[[Sequence[Value], Sequence[Part], Scope], Value]


def chosen(values: Sequence[Value]) -> Value:
    """The second value if the first is true, or else the third.

    >>> chosen([1, "yes", "no"]), chosen([0, "yes"])
    ('yes', None)
    """
    if len(values) < 2:
        return None
    return values[1] if is_true(values[0]) else (values[2] if len(values) > 2 else None)


def part_of_text(values: Sequence[Value]) -> Value:
    """The characters of a text from one place up to another.

    >>> part_of_text(["feedback", 0, 4]), part_of_text(["feedback", 4]), part_of_text(["a😀b", 3])
    ('feed', 'back', 'b')
    """
    if len(values) < 2 or not isinstance(values[0], str) or not spells_number(values[1]):
        return ""
    # Places are counted in units of UTF-16, of which an emoji has two; half of one is no character.
    units = values[0].encode("utf-16-le", "surrogatepass")
    count = len(units) // 2
    ends = [values[1], values[2] if len(values) > 2 and spells_number(values[2]) else None]
    first, last = (count if end is None else _place_in(count, coerced(end)) for end in ends)
    return units[2 * min(first, last) : 2 * max(first, last)].decode("utf-16-le", "ignore")


def _place_in(count: int, place: float) -> int:
    return 0 if math.isnan(place) else math.trunc(max(0, min(count, place)))


def _shown(values: Sequence[Value], parts: Sequence[Part], scope: Scope) -> Value:
    if not values:
        return None
    return scope.shown(str(values[0]), values[1] if len(values) > 1 else None)


def _trait(values: Sequence[Value], parts: Sequence[Part], scope: Scope) -> Value:
    if len(values) != 2 or is_empty(values[0]) or is_empty(values[1]):
        return None
    return scope.trait(str(values[0]), str(values[1]))


def _comment(values: Sequence[Value], parts: Sequence[Part], scope: Scope) -> Value:
    if not values or not is_true(values[0]):
        return None
    return scope.comment(str(values[0]), values[1] if len(values) > 1 else None)


def _is_ready(values: Sequence[Value], parts: Sequence[Part], scope: Scope) -> Value:
    if not values or not is_true(values[0]):
        return False
    return scope.is_ready(str(values[0]), values[1] if len(values) > 1 else None)


def _of_values(calculate: Callable[[Sequence[Value]], Value]) -> Function:
    return lambda values, parts, scope: calculate(values)


def _of_dates(calculate: Callable[[Sequence[Value], datetime], Value]) -> Function:
    return lambda values, parts, scope: calculate(values, dates.moment_now(scope))


OF_VALUES: dict[str, Callable[[Sequence[Value]], Value]] = {
    "iif": chosen,
    "substring": part_of_text,
    "sum": sums.total,
    "avg": sums.average,
    "min": sums.least,
    "max": sums.greatest,
    "count": lambda values: len(sums.flat(values)),
    "round": sums.rounded,
    "trunc": sums.truncated,
    "diffDays": dates.days_between,
    "isDisplayMode": lambda values: False,
}
OF_DATES: dict[str, Callable[[Sequence[Value], datetime], Value]] = {
    "today": dates.today,
    "currentDate": lambda values, now: now,
    "currentYear": lambda values, now: now.year,
    "getDate": dates.date_of,
    "getYear": dates.year_of,
    "age": dates.age,
    "dateDiff": dates.difference,
    "dateAdd": dates.shifted,
    "year": partial(dates.part_of_day, "year"),
    "month": partial(dates.part_of_day, "month"),
    "day": partial(dates.part_of_day, "day"),
    "weekday": partial(dates.part_of_day, "weekday"),
}
OF_SURVEYS: dict[str, Function] = {
    "displayValue": _shown,
    "propertyValue": _trait,
    "getComment": _comment,
    "isContainerReady": _is_ready,
}


def functions(read: sums.Reader) -> dict[str, Function]:
    """Every function by name; read turns the text of an expression into a node."""
    return {
        **{name: _of_values(one) for name, one in OF_VALUES.items()},
        **{name: _of_dates(one) for name, one in OF_DATES.items()},
        **OF_SURVEYS,
        **sums.row_functions(read),
    }
