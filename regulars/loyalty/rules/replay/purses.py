"""Purses: the points of one unit while a story is told, lot by lot."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from regulars.loyalty.rules.expiry import Life
from regulars.loyalty.rules.lots import taken_in_order
from regulars.loyalty.rules.replay.outcomes import Sums
from regulars.loyalty.rules.returns import Spent as Used


class Lot:
    """Points granted together; `active_at` is None while they wait for an event."""

    __slots__ = ("active_at", "ends_at", "left", "place", "purchase_id", "reinstated", "told_from")

    def __init__(
        self,
        place: int,
        left: int,
        active_at: datetime | None,
        ends_at: datetime | None,
        *,
        purchase_id: int | None = None,
        told_from: datetime | None = None,
    ) -> None:
        self.place = place
        self.left = left
        self.active_at = active_at
        self.ends_at = ends_at
        self.purchase_id = purchase_id
        self.told_from = told_from
        """From when on it has its end, where it was granted without one."""
        self.reinstated = 0
        """What died in it after it came back, and was granted anew."""

    def is_endless(self, at: datetime) -> bool:
        """Whether the points have no end, or had none then."""
        return self.ends_at is None or (self.told_from is not None and self.told_from > at)

    def is_dead(self, at: datetime) -> bool:
        """Whether the points are gone by then."""
        return self.ends_at is not None and self.ends_at <= at

    def is_pending(self, at: datetime) -> bool:
        """Whether the points are not usable yet."""
        return self.active_at is None or self.active_at > at


_END = attrgetter("ends_at")
"""Lots lie in a purse by age, and sorting keeps the order of those that end together."""


class Purse:
    """The points of one unit."""

    __slots__ = (
        "balance", "debt", "forgiven", "given_back", "issued", "life", "lots", "moved", "spent",
        "taken_back", "unmet",
    )  # fmt: skip

    def __init__(self, life: Life | None) -> None:
        self.life = life
        """How long its lots live; None for a unit that is not spent, and has none."""
        self.lots: list[Lot] = []
        self.balance = self.debt = self.issued = self.moved = 0
        self.spent = self.given_back = self.unmet = self.taken_back = self.forgiven = 0

    def live(self, at: datetime, *, usable: bool = False) -> list[Lot]:
        """The open lots in the order they are spent; dead ones never, pending ones unless `usable`."""
        lots = [
            lot
            for lot in self.lots
            if lot.left
            and ((ends_at := lot.ends_at) is None or ends_at > at)
            and not (usable and lot.is_pending(at))
        ]
        mortal = [lot for lot in lots if not lot.is_endless(at)]
        mortal.sort(key=_END)
        return mortal + [lot for lot in lots if lot.is_endless(at)]

    def put(self, lot: Lot, amount: int) -> None:
        """Points that come in: they pay what is owed first."""
        if self.debt:
            repaid = min(self.debt, amount)
            self.debt -= repaid
            lot.left -= repaid
        self.lots.append(lot)
        self.balance += amount

    def take(self, lots: Sequence[Lot], amount: int) -> list[Used]:
        """What each of these lots pays towards an amount, as far as they go."""
        uses = taken_in_order(((lot.place, lot.left) for lot in lots), amount)
        for lot, use in zip(lots, uses, strict=False):
            assert lot.place == use.lot_id, "each lot pays until nothing is missing"
            lot.left -= use.amount
            self.balance -= use.amount
        return [Used(use.lot_id, use.amount) for use in uses]

    def sums(self, upto: datetime) -> Sums:
        """What the story came to by a moment; what is dead by then has left the balance."""
        dead = pending = 0
        for lot in self.lots:
            if not lot.left:
                continue
            if lot.is_dead(upto):
                dead += lot.left
            elif lot.is_pending(upto):
                pending += lot.left
        return Sums(
            issued=self.issued,
            spent=self.spent,
            given_back=self.given_back,
            unmet=self.unmet,
            taken_back=self.taken_back,
            forgiven=self.forgiven,
            expired=dead,
            moved=self.moved,
            balance=self.balance - dead,
            pending=pending,
            debt=self.debt,
        )


class Spending:
    """What points were spent on, the lots that paid, and how much of it came back."""

    __slots__ = ("amount", "freed", "restored", "unit", "uses")

    def __init__(self, unit: str, uses: list[Used]) -> None:
        self.unit = unit
        self.uses = uses
        self.amount = sum(use.amount for use in uses)
        self.restored = 0
        self.freed = 0
        """What of a hold was let go, so that it paid for nothing."""
