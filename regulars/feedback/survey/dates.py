"""Functions of dates in survey expressions. A month after 31 January is 3 March, as in a browser."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from regulars.feedback.survey.operators import is_true
from regulars.feedback.survey.scalars import Value, coerced, midnight, milliseconds, moment_in
from regulars.feedback.survey.scopes import Scope

MILLISECONDS = {"hours": 3_600_000, "minutes": 60_000, "seconds": 1000}


def _first(values: Sequence[Value], at: int = 0) -> Value:
    return values[at] if len(values) > at else None


def today(values: Sequence[Value], now: datetime) -> Value:
    """The beginning of today, or of the day so many days later; NaN for a day beyond all years.

    >>> today([1], datetime(2026, 1, 31, 10)), today(["abc"], datetime(2026, 1, 31))
    (datetime.datetime(2026, 2, 1, 0, 0), nan)
    """
    day = midnight(now)
    try:
        return day + timedelta(days=math.trunc(coerced(values[0]))) if len(values) == 1 else day
    except (OverflowError, ValueError):
        return math.nan


def date_of(values: Sequence[Value], now: datetime) -> Value:
    """The moment that a value spells, NaN where it spells none."""
    if not is_true(_first(values)):
        return None
    moment = moment_in(values[0])
    return math.nan if moment is None else moment


def age(values: Sequence[Value], now: datetime) -> Value:
    """Full years (or months, or days) from a day to now."""
    if not is_true(_first(values)):
        return None
    return _apart(values[0], now, str(_first(values, 1) or "years"))


def difference(values: Sequence[Value], now: datetime) -> Value:
    """The time between two days in days, or in the unit that the third argument names."""
    if len(values) < 2 or not is_true(values[0]) or not is_true(values[1]):
        return None
    unit = str(_first(values, 2) or "days")
    if unit not in MILLISECONDS:
        return _apart(values[0], values[1], unit)
    first, second = moment_in(values[0]), moment_in(values[1])
    if first is None or second is None:
        return math.nan
    return math.ceil(abs(milliseconds(second) - milliseconds(first)) / MILLISECONDS[unit])


def _apart(first: Value, second: Value, unit: str) -> Value:
    if unit == "days":
        return days_between([first, second])
    start, end = moment_in(first), moment_in(second)
    if start is None or end is None:
        return math.nan if unit == "months" else 0
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    return months if unit == "months" else math.trunc(months / 12)


def days_between(values: Sequence[Value]) -> Value:
    """Days between two days, never negative; 0 where one is missing.

    >>> days_between(["2026-02-01", "2026-01-30"])
    2
    """
    if len(values) != 2 or not is_true(values[0]) or not is_true(values[1]):
        return 0
    first, second = moment_in(values[0]), moment_in(values[1])
    return math.nan if first is None or second is None else abs((second.date() - first.date()).days)


def shifted(values: Sequence[Value], now: datetime) -> Value:
    """A moment so many days, months, years, hours, minutes or seconds later.

    >>> shifted(["2026-01-31", 1, "months"], datetime(2026, 1, 1))
    datetime.datetime(2026, 3, 3, 0, 0)
    """
    if len(values) < 2 or not is_true(values[0]) or not is_true(values[1]):
        return None
    moment, amount = moment_in(values[0]), coerced(values[1])
    if moment is None or not math.isfinite(amount):
        return math.nan
    unit = str(_first(values, 2) or "days")
    try:
        return _moved(moment, math.trunc(amount), unit)
    except (OverflowError, ValueError):
        return math.nan


def _moved(moment: datetime, amount: int, unit: str) -> datetime:
    if unit in ("months", "years"):
        months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "years" else 1)
        first = moment.replace(year=months // 12, month=months % 12 + 1, day=1)
        return first + timedelta(days=moment.day - 1)
    known = unit in ("days", "hours", "minutes", "seconds")
    return moment + timedelta(**{unit: amount}) if known else moment


def part_of_day(part: str, values: Sequence[Value], now: datetime) -> Value:
    """The year, month, day or weekday (Sunday is 0) of a day, or of today."""
    moment = moment_in(values[0]) if is_true(_first(values)) else now
    if moment is None:
        return math.nan
    if part == "weekday":
        return moment.isoweekday() % 7
    value: int = getattr(moment, part)
    return value


def year_of(values: Sequence[Value], now: datetime) -> Value:
    """The year of a day, None without one."""
    if len(values) != 1 or not is_true(values[0]):
        return None
    return part_of_day("year", values, now)


def moment_now(scope: Scope) -> datetime:
    """The present moment to the millisecond, as a browser keeps it."""
    return scope.now.replace(microsecond=scope.now.microsecond // 1000 * 1000)
