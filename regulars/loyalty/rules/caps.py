"""Caps: how much of an award is left once limits and budgets have had their say."""

from datetime import date
from typing import NamedTuple

from regulars.loyalty.rules.memory import Slot
from regulars.loyalty.rules.terms import Limits

DAYS_KEPT = 10
MONTHS_KEPT = 3
"""How many days and months are remembered, so that receipts that come late are capped too."""


class Capped(NamedTuple):
    """What is left of an amount, and the limit that cut it; "" where none did."""

    amount: int
    by: str = ""


def capped(amount: int, limits: Limits, slots: list[Slot], day: date) -> Capped:
    """What limits leave of an amount. `slots` are what was given before, on all cards of a person.

    >>> capped(80, Limits(purchase=50), [], date(2026, 3, 2))
    Capped(amount=50, by='purchase')
    >>> capped(80, Limits(day=100), [{"day": {"2026-03-02": 90}}], date(2026, 3, 2))
    Capped(amount=10, by='day')
    """
    left, by = amount, ""
    for name, room in _rooms(limits, slots, day):
        if room < left:
            left, by = max(room, 0), name
    return Capped(left, by)


def _rooms(limits: Limits, slots: list[Slot], day: date) -> list[tuple[str, int]]:
    rooms = []
    if limits.purchase is not None:
        rooms.append(("purchase", limits.purchase))
    if limits.day is not None:
        given = sum(slot.get("day", {}).get(day.isoformat(), 0) for slot in slots)
        rooms.append(("day", limits.day - given))
    if limits.month is not None:
        given = sum(slot.get("month", {}).get(day.isoformat()[:7], 0) for slot in slots)
        rooms.append(("month", limits.month - given))
    if limits.member is not None:
        rooms.append(("member", limits.member - sum(slot.get("all", 0) for slot in slots)))
    return rooms


def noted(slot: Slot, amount: int, limits: Limits, day: date) -> None:
    """Write into a slot that an amount was given on a day."""
    if limits.day is not None:
        _add(slot.setdefault("day", {}), day.isoformat(), amount, kept=DAYS_KEPT)
    if limits.month is not None:
        _add(slot.setdefault("month", {}), day.isoformat()[:7], amount, kept=MONTHS_KEPT)
    if limits.member is not None:
        slot["all"] = slot.get("all", 0) + amount


def _add(sums: dict[str, int], key: str, amount: int, *, kept: int) -> None:
    sums[key] = sums.get(key, 0) + amount
    for stale in sorted(sums)[:-kept]:
        del sums[stale]
