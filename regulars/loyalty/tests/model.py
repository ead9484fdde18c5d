"""The books of a program in plain dictionaries, written apart from the engine to check it against.

Nothing here comes from the product: lots are dictionaries, shares are fractions, and every rule is
told again in its simplest form, however slow.
"""

import calendar
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import wraps
from math import floor
from typing import Any

Lot = dict[str, Any]


@dataclass
class Terms:
    """How the program treats points."""

    returns: str = "within_balance"
    debt_max: int = 0
    pending_days: int = 0
    lives_months: int | None = None


@dataclass
class Sale:
    """A purchase, and what was done about it since."""

    at: datetime
    total: int
    earned: int
    back: int = 0
    due: int = 0
    status_due: int = 0
    is_void: bool = False


@dataclass
class Spending:
    """Points that were taken from lots, in the order taken; `back` came back since."""

    number: int
    parts: list[tuple[Lot, int]]
    sale: str = ""
    back: int = 0
    is_undone: bool = False

    @property
    def amount(self) -> int:
        return sum(amount for _lot, amount in self.parts)


@dataclass
class Hold:
    """Points set aside until a moment."""

    spending: Spending
    ends_at: datetime
    outcome: str = ""


@dataclass
class Person:
    """A member, or several whose records are one person."""

    lots: list[Lot] = field(default_factory=list)
    debt: int = 0
    status: int = 0
    visits: int = 0
    sales: dict[str, Sale] = field(default_factory=dict)
    spendings: dict[str, Spending] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)

    @property
    def balance(self) -> int:
        return sum(lot["left"] for lot in self.lots) - self.debt

    def usable(self, now: datetime) -> list[Lot]:
        alive = [
            lot for lot in self.lots if lot["left"] and lot["from"] <= now and is_alive(lot, now)
        ]
        never = datetime.max.replace(tzinfo=UTC)
        return sorted(alive, key=lambda lot: (lot["until"] or never, lot["number"]))

    def available(self, now: datetime) -> int:
        return sum(lot["left"] for lot in self.usable(now))


def is_alive(lot: Lot, now: datetime) -> bool:
    return lot["until"] is None or now < lot["until"]


def end_of(at: datetime, months: int) -> datetime:
    """The midnight after the day that so many months bring."""
    number = at.year * 12 + at.month - 1 + months
    year, month = number // 12, number % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return datetime(year, month, day, tzinfo=UTC) + timedelta(days=1)


def or_nothing(act: Callable[..., bool]) -> Callable[..., bool]:
    """What is refused leaves no trace: not even holds are over that would have been freed for it.

    Adjustments come in batches, of which each row is refused alone: the holds stay freed.
    """

    @wraps(act)
    def tried(books: "Books", *told: Any, **named: Any) -> bool:
        before = deepcopy(books.people)
        if not (is_done := act(books, *told, **named)):
            books.people = before
        return is_done

    return tried


class Books:
    """All persons of a program; each method is one thing that can happen."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.people: dict[str, Person] = {}
        self.made = 0

    def person(self, card: str) -> Person:
        return self.people.setdefault(card, Person())

    def buy(self, card: str, number: str, total: int, at: datetime) -> None:
        person = self.person(card)
        if number in person.sales:
            return
        points = floor(Fraction(total, 100))
        person.sales[number] = Sale(at, total, points)
        person.status += points
        person.visits += 1
        if points:
            self.made += 1
            paid = min(points, person.debt)
            person.debt -= paid
            life = self.terms.lives_months
            person.lots.append(
                {
                    "number": self.made,
                    "left": points - paid,
                    "from": at + timedelta(days=self.terms.pending_days),
                    "until": None if life is None else end_of(at, life),
                    "sale": number,
                    "died": 0,
                }
            )

    def take(self, person: Person, amount: int, now: datetime) -> list[tuple[Lot, int]]:
        parts = []
        for lot in person.usable(now):
            part = min(lot["left"], amount)
            if part:
                lot["left"] -= part
                amount -= part
                parts.append((lot, part))
        assert amount == 0
        return parts

    @or_nothing
    def redeem(self, card: str, key: str, amount: int, now: datetime, *, sale: str = "") -> bool:
        person = self.person(card)
        if key in person.spendings:
            return True
        self.lapse(person, now)
        if amount > person.available(now):
            return False
        person.spendings[key] = self.spend(person, amount, now, sale=sale)
        return True

    def spend(self, person: Person, amount: int, now: datetime, *, sale: str = "") -> Spending:
        self.made += 1
        return Spending(self.made, self.take(person, amount, now), sale)

    def undo(self, card: str, key: str, now: datetime) -> None:
        person = self.person(card)
        spending = person.spendings[key]
        if not spending.is_undone:
            spending.is_undone = True
            self.give_back(person, spending, spending.amount - spending.back, now)

    def give_back(self, person: Person, spending: Spending, amount: int, now: datetime) -> None:
        """Those taken last come back first; a debt is paid before anything reaches a live lot."""
        skip, spending.back = spending.back, spending.back + amount
        for lot, taken in reversed(spending.parts):
            passed = min(taken, skip)
            skip -= passed
            part = min(taken - passed, amount)
            amount -= part
            paid = min(part, person.debt) if is_alive(lot, now) else 0
            person.debt -= paid
            lot["left"] += part - paid

    def adjust(self, card: str, amount: int, now: datetime) -> bool:
        """Points by hand, both ways; what is taken has to be usable."""
        person = self.person(card)
        if amount < 0:
            self.lapse(person, now)
            if -amount > person.available(now):
                return False
            self.made += 1
            self.take(person, -amount, now)
            return True
        self.made += 1
        paid = min(amount, person.debt)
        person.debt -= paid
        life = self.terms.lives_months
        until = None if life is None else end_of(now, life)
        lot = {"number": self.made, "left": amount - paid, "from": now, "until": until}
        person.lots.append({**lot, "sale": "", "died": 0})
        return True

    @or_nothing
    def hand_over(self, card: str, other: str, amount: int, now: datetime) -> bool:
        """Usable points go to another person with the dates they have; a debt there is paid first."""
        giver, taker = self.person(card), self.person(other)
        if giver is taker:
            return False
        self.lapse(giver, now)
        if amount > giver.available(now):
            return False
        for lot, part in self.take(giver, amount, now):
            self.made += 1
            paid = min(part, taker.debt)
            taker.debt -= paid
            came = {"number": self.made, "left": part - paid, "sale": "", "died": 0}
            taker.lots.append({**came, "from": lot["from"], "until": lot["until"]})
        return True

    def adjust_status(self, card: str, amount: int, now: datetime) -> bool:
        person = self.person(card)
        if amount < 0:
            self.lapse(person, now)
        if person.status + amount < 0:
            return False
        person.status += amount
        return True

    @or_nothing
    def set_aside(
        self, card: str, key: str, amount: int, *, ends_at: datetime, now: datetime
    ) -> bool:
        person = self.person(card)
        if key in person.holds:
            return True
        self.lapse(person, now)
        if amount > person.available(now):
            return False
        person.holds[key] = Hold(self.spend(person, amount, now), ends_at)
        return True

    def capture(self, card: str, key: str, amount: int, now: datetime) -> bool:
        person = self.person(card)
        hold = person.holds[key]
        if hold.outcome or hold.ends_at <= now:
            return False
        rest = hold.spending.amount - amount
        if rest < 0:
            return False
        hold.outcome = "captured"
        self.give_back(person, hold.spending, rest, now)
        return True

    def release(self, card: str, key: str, now: datetime) -> bool:
        person = self.person(card)
        hold = person.holds[key]
        if hold.outcome == "captured":
            return False
        if not hold.outcome:
            hold.outcome = "released"
            self.give_back(person, hold.spending, hold.spending.amount, now)
        return True

    def lapse(self, person: Person, now: datetime) -> None:
        """Holds whose time is over end, the oldest first."""
        for hold in sorted(person.holds.values(), key=lambda hold: hold.spending.number):
            if not hold.outcome and hold.ends_at <= now:
                hold.outcome = "lapsed"
                self.give_back(person, hold.spending, hold.spending.amount, now)

    def expire(self, now: datetime) -> None:
        """What a job posts; it was unusable before."""
        for person in self.people.values():
            for lot in person.lots:
                if lot["left"] and not is_alive(lot, now):
                    lot["died"] += lot["left"]
                    lot["left"] = 0

    def give_goods_back(self, card: str, number: str, minor: int, now: datetime) -> None:
        """A return of so much money's worth, after those before it."""
        person = self.person(card)
        self.lapse(person, now)
        sale = person.sales[number]
        sale.back += minor
        self.settle(person, number, Fraction(sale.back, sale.total), now)

    def void(self, card: str, number: str, now: datetime) -> None:
        person = self.person(card)
        self.lapse(person, now)
        self.settle(person, number, Fraction(1), now, is_undone=True)

    def settle(
        self,
        person: Person,
        number: str,
        share: Fraction,
        now: datetime,
        *,
        is_undone: bool = False,
    ) -> None:
        sale = person.sales[number]
        for spending in sorted(person.spendings.values(), key=lambda one: one.number):
            if spending.sale == number and not spending.is_undone:
                due = floor(spending.amount * share) - spending.back
                if due > 0:
                    self.give_back(person, spending, due, now)
        due, sale.due = (
            max(floor(sale.earned * share) - sale.due, 0),
            max(floor(sale.earned * share), sale.due),
        )
        keeps = self.terms.returns == "keep" and not is_undone
        if due and not keeps:
            self.pay(person, number, due, now)
            person.status -= min(due, person.status)
        if share >= 1 and not sale.is_void:
            sale.is_void = True
            person.visits -= 1

    def pay(self, person: Person, number: str, due: int, now: datetime) -> None:
        policy = self.terms.returns
        never = datetime.max.replace(tzinfo=UTC)
        live = [lot for lot in person.lots if lot["left"] and is_alive(lot, now)]
        live.sort(key=lambda lot: (lot["until"] or never, lot["number"]))
        live.sort(key=lambda lot: lot["from"] <= now)
        if policy == "only_pending":
            live = [lot for lot in live if lot["from"] > now]
        own = [lot for lot in live if lot["sale"] == number]
        missing = self.drain(own, due)
        for lot in person.lots:
            if lot["sale"] == number and not is_alive(lot, now):
                gone = min(lot["died"] + lot["left"] - lot.get("forgotten", 0), missing)
                lot["forgotten"] = lot.get("forgotten", 0) + gone
                missing -= gone
        missing = self.drain([lot for lot in live if lot["sale"] != number], missing)
        if policy == "unlimited":
            person.debt += missing
        elif policy == "limited":
            person.debt += min(missing, max(self.terms.debt_max - person.debt, 0))

    @staticmethod
    def drain(lots: list[Lot], amount: int) -> int:
        for lot in lots:
            part = min(lot["left"], amount)
            lot["left"] -= part
            amount -= part
        return amount

    def merge(self, into: str, other: str, now: datetime) -> None:
        """Two cards are one person from now on; what either owes, the lots of both pay."""
        one, two = self.person(into), self.person(other)
        if one is two:
            return
        one.lots = sorted(one.lots + two.lots, key=lambda lot: lot["number"])
        one.status += two.status
        one.visits += two.visits
        one.sales |= two.sales
        one.spendings |= two.spendings
        one.holds |= two.holds
        live = [lot for lot in one.lots if lot["left"] and is_alive(lot, now)]
        never = datetime.max.replace(tzinfo=UTC)
        live.sort(key=lambda lot: (lot["until"] or never, lot["number"]))
        one.debt = self.drain(live, one.debt + two.debt)
        for card, person in self.people.items():
            if person is two:
                self.people[card] = one
