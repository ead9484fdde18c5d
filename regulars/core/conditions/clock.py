"""When time alone changes an answer: somebody's third coffee drops out of thirty days."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from regulars.core.conditions.evaluation import holds, truth_of, value_of
from regulars.core.conditions.tree import Condition, Did, Test, leaves_of
from regulars.core.conditions.windows import INSTANT

LOOKED_AT_MAX = 200
"""Moments that are tried; whoever has more of them ahead is looked at again at the last of these."""


def changes_at(
    condition: Condition, record: Mapping[str, Any], *, now: datetime
) -> datetime | None:
    """The next moment at which the answer for a record changes if nothing else happens, in UTC.

    None where it stays for ever. It is never later than the true moment; it may be earlier for a
    record with more than two hundred moments ahead, and the caller then simply asks again.
    """
    current = holds(condition, record, now=now)
    ahead = sorted({at for at in _turns(condition, record, now) if at > now})
    for at in ahead[:LOOKED_AT_MAX]:
        if holds(condition, record, now=at.astimezone(now.tzinfo)) is not current:
            return at
    return ahead[LOOKED_AT_MAX] if len(ahead) > LOOKED_AT_MAX else None


def _turns(condition: Condition, record: Mapping[str, Any], now: datetime) -> Iterator[datetime]:
    """Moments at which some test of the condition can change; more than do is no harm."""
    for leaf in leaves_of(condition):
        if isinstance(leaf, Test):
            yield from _turns_of_value(leaf, value_of(leaf.field, record), now)
        else:
            yield from _turns_of_facts(leaf, record, now)


def _turns_of_facts(did: Did, record: Mapping[str, Any], now: datetime) -> Iterator[datetime]:
    inner = [leaf for part in (did.where, did.test) for leaf in leaves_of(part)]
    moving = [leaf for leaf in inner if isinstance(leaf, Test) and leaf.operator.needs == "days"]
    for row in record.get(did.fact.name) or ():
        for leaf in moving:
            yield from _turns_of_value(leaf, value_of(leaf.field, row), now)
        if moving or truth_of(did.where, row, now=now) is True:
            yield from did.window.turns(row["at"]) if did.window else (row["at"],)


def _turns_of_value(test: Test, value: Any, now: datetime) -> Iterator[datetime]:
    if test.operator.needs != "days" or value is None:
        return
    days = timedelta(days=int(test.values[0]))  # type: ignore[arg-type]
    name = test.operator.name
    if test.field.type == "date":
        day = timedelta(days=1)
        first, after = {
            "in_last_days": (timedelta(0), days),
            "before_last_days": (days, days),
            "in_next_days": (day - days, day),
        }[name]
        yield from _midnights(value, (first, after), now)
    else:
        first, after = {
            "in_last_days": (timedelta(0), days),
            "before_last_days": (days, days),
            "in_next_days": (INSTANT - days, INSTANT),
        }[name]
        yield from _moments(value, (first, after))


def _midnights(day: date, shifts: tuple[timedelta, timedelta], now: datetime) -> Iterator[datetime]:
    for shift in shifts:
        try:
            local = datetime.combine(day + shift, time(), tzinfo=now.tzinfo)
            yield local.astimezone(UTC)
        except OverflowError:
            continue


def _moments(at: datetime, shifts: tuple[timedelta, timedelta]) -> Iterator[datetime]:
    for shift in shifts:
        try:
            yield (at + shift).astimezone(UTC)
        except OverflowError:
            continue
