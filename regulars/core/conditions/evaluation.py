"""Conditions about one record, in plain Python; `sets` gives the same answers for whole tables.

Logic has three values, as in SQL: a comparison with an unknown value is unknown, `not` leaves it
unknown, and a record for which the whole condition is unknown does not match.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from regulars.core.conditions.fields import Field
from regulars.core.conditions.notes import noted, sortable
from regulars.core.conditions.tree import All, Any_, Condition, Did, Not, Test
from regulars.core.conditions.windows import bounds_of

Truth = bool | None


def holds(condition: Condition, record: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether a condition is true of one record.

    The record maps names of fields to values of their types; None, NaN and a missing name are
    unknown. Names of kinds of facts lead to their rows, in any order; a missing name is no rows.
    Times carry an offset. For fields of type date, today is the day of `now` in its own zone, so
    callers pass it in the zone of the company.
    """
    return truth_of(condition, record, now=now) is True


def failed_tests(condition: Condition, record: Mapping[str, Any], *, now: datetime) -> list[Test]:
    """The top-level tests that keep a record out, to answer why it does not match."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    return [
        part
        for part in parts
        if isinstance(part, Test) and truth_of(part, record, now=now) is not True
    ]


def folded(text: str) -> str:
    """The text with each letter in its simple lower case, as databases fold it.

    `str.lower` differs from them in two letters: the capital dotted I becomes two characters, and
    a Greek sigma at the end of a word gets its final form.

    >>> folded("İSTANBUL ΣΟΦΟΣ")
    'istanbul σοφοσ'
    """
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)


def bounds(test: Test, now: datetime) -> tuple[Any, Any]:
    """The first moment or day inside a relative window, and the first after it; None is no bound."""
    days = timedelta(days=int(test.values[0]))  # type: ignore[arg-type]
    if test.field.type == "date":
        first: Any = now.date()
        instant = timedelta(days=1)
    else:
        first = now.astimezone(UTC)
        instant = timedelta(microseconds=1)
    match test.operator.name:
        case "in_last_days":
            return first - days + instant, first + instant
        case "before_last_days":
            return None, first - days + instant
        case _:
            return first, first + days


def truth_of(condition: Condition, record: Mapping[str, Any], *, now: datetime) -> Truth:
    """Whether a condition is true, false, or unknown (None) of one record."""
    match condition:
        case Test():
            return _tested(condition, value_of(condition.field, record), now)
        case Did():
            return _done(condition, record, now)
        case Not(part):
            inner = truth_of(part, record, now=now)
            return None if inner is None else not inner
        case All(parts):
            return all_of([truth_of(part, record, now=now) for part in parts])
        case Any_(parts):
            return any_of([truth_of(part, record, now=now) for part in parts])


def value_of(field: Field, record: Mapping[str, Any]) -> Any:
    """What a record has for a field; None where it is unknown, or not of the field's type."""
    told = record.get(field.name)
    return noted(told, field) if field.key else told


def done_by(did: Did, record: Mapping[str, Any], *, now: datetime) -> list[Mapping[str, Any]]:
    """The facts of a record that a test of what was done is about, the earliest first."""
    low, high = bounds_of(did.window, now)
    found = [
        row
        for row in record.get(did.fact.name) or ()
        if row["at"] < high
        and (low is None or row["at"] >= low)
        and truth_of(did.where, row, now=now) is True
    ]
    return sorted(found, key=lambda row: (row["at"], row["id"]))


def measured(did: Did, rows: Sequence[Mapping[str, Any]]) -> int:
    """How often something was done, or the sum over what was done."""
    if did.of is not None:
        return sum(row[did.of.name] or 0 for row in rows)
    by = did.fact.counted_by
    return len({row[by] for row in rows} - {None}) if by else len(rows)


def at_its_end(did: Did, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of facts in order those at the first or the last moment; the lines of a receipt share theirs."""
    moment = rows[0 if did.measure == "first" else -1]["at"]
    return [row for row in rows if row["at"] == moment]


def _done(did: Did, record: Mapping[str, Any], now: datetime) -> Truth:
    rows = done_by(did, record, now=now)
    if isinstance(did.test, Test) and did.measure in ("count", "sum"):
        return _tested(did.test, measured(did, rows), now)
    if not rows:
        return None
    return any_of([truth_of(did.test, row, now=now) for row in at_its_end(did, rows)])


def all_of(truths: Sequence[Truth]) -> Truth:
    """False if some part is, else unknown if some part is."""
    if False in truths:
        return False
    return None if None in truths else True


def any_of(truths: Sequence[Truth]) -> Truth:
    """True if some part is, else unknown if some part is."""
    if True in truths:
        return True
    return None if None in truths else False


def _tested(test: Test, raw: Any, now: datetime) -> Truth:
    value = _comparable(test, raw)
    match test.operator.name:
        case "is_known":
            return value is not None
        case "is_unknown":
            return value is None
    if value is None:
        return None
    if test.operator.needs == "days":
        return _within(value, *bounds(test, now))
    given = test.values
    if test.field.type == "decimal":
        given = tuple(sortable(one) for one in given)
    return _COMPARISONS[test.operator.name](value, given)


def _comparable(test: Test, raw: Any) -> Any:
    """The record's value in the form that values in conditions have; NaN is unknown."""
    if raw is None:
        return None
    if test.field.type == "number":
        number = float(raw)
        return None if math.isnan(number) else number
    assert not isinstance(raw, datetime) or raw.tzinfo, f"{test.field.name} has no offset"
    return raw


def _within(value: Any, low: Any, high: Any) -> bool:
    return bool((low is None or value >= low) and value < high)


_COMPARISONS: dict[str, Callable[[Any, Sequence[Any]], bool]] = {
    "equals": lambda value, given: bool(value == given[0]),
    "not_equals": lambda value, given: bool(value != given[0]),
    "less": lambda value, given: bool(value < given[0]),
    "at_most": lambda value, given: bool(value <= given[0]),
    "more": lambda value, given: bool(value > given[0]),
    "at_least": lambda value, given: bool(value >= given[0]),
    "between": lambda value, given: bool(given[0] <= value <= given[1]),
    "in": lambda value, given: value in given,
    "not_in": lambda value, given: value not in given,
    "contains": lambda value, given: folded(given[0]) in folded(value),
    "under": lambda value, given: any(f"{value}/".startswith(f"{path}/") for path in given),
    "starts_with": lambda value, given: folded(value).startswith(folded(given[0])),
    "has_any": lambda value, given: any(wanted in value for wanted in given),
    "has_all": lambda value, given: all(wanted in value for wanted in given),
}
