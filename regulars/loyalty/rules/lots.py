"""Lots: in which order points are spent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

Order = Literal["soonest_expiry", "fifo"]
"""Which lots pay first: those that die soonest, or those granted first."""


class OpenLot(NamedTuple):
    """What is left of points granted together, usable from one moment up to another."""

    id: int
    remaining: int
    activates_at: datetime
    expires_at: datetime | None = None


class Use(NamedTuple):
    """An amount taken from one lot."""

    lot_id: int
    amount: int


def usable(
    lots: Sequence[OpenLot], now: datetime, *, order: Order = "soonest_expiry"
) -> list[OpenLot]:
    """The lots that may pay at a moment, in the order they are spent.

    Soonest expiry first, lots that never expire last, ties by age; or strictly by age. A lot is usable from the moment
    it becomes active up to, and not at, the moment it expires.
    """
    alive = [
        lot
        for lot in lots
        if lot.activates_at <= now and (lot.expires_at is None or now < lot.expires_at)
    ]
    if order == "fifo":
        return sorted(alive, key=lambda lot: lot.id)
    return sorted(alive, key=lambda lot: (lot.expires_at is None, lot.expires_at or now, lot.id))


def consumed(
    lots: Sequence[OpenLot], amount: int, now: datetime, *, order: Order = "soonest_expiry"
) -> list[Use] | None:
    """What each lot pays towards an amount; None where usable lots do not cover all of it."""
    paying = [(lot.id, lot.remaining) for lot in usable(lots, now, order=order)]
    if sum(remaining for _, remaining in paying) < amount:
        return None
    return taken_in_order(paying, amount)


def taken_in_order(lots: Iterable[tuple[int, int]], amount: int) -> list[Use]:
    """What each lot pays towards an amount, given as ids and what is left, first lot first.

    >>> taken_in_order([(1, 30), (2, 50)], 40)
    [Use(lot_id=1, amount=30), Use(lot_id=2, amount=10)]
    """
    uses: list[Use] = []
    missing = amount
    for lot_id, remaining in lots:
        taken = min(remaining, missing)
        if taken:
            uses.append(Use(lot_id, taken))
            missing -= taken
        if not missing:
            break
    return uses
