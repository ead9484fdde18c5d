"""Discounts and tenders: what a basket costs, what is left to pay, and what it may earn on.

The order of things, for any basket:

1. A line is worth its unit price times its quantity, less the line's own percentage, plus tax.
2. Discounts apply one after the other. Each takes its percentage of the value, tax included, that
   the earlier ones left in its scope, rounded half up to a minor unit, and no more than its cap or
   than what is left of the whole basket. What it takes is spread over the lines of its scope in
   proportion to their value, without rounding, so that later discounts see what is really left.
3. Tenders (gift cards, stored money, points used as money) pay. They change neither tax nor what
   the basket earns on.

Amounts are whole minor units of money; rates and percentages are exact fractions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Literal

TaxRounding = Literal["line", "order"]
Shares = Mapping[int, Fraction]
"""What falls on each line, by its place in the basket."""


@dataclass(frozen=True)
class BasketLine:
    """One line: unit price before tax, quantity, tax rate, its own percentage off, what it is."""

    id: str
    unit_minor: int | Fraction
    quantity: Fraction = Fraction(1)
    tax_rate: Fraction = Fraction(0)
    percent_off: Fraction = Fraction(0)
    category: str = ""
    tags: frozenset[str] = frozenset()

    @property
    def net_minor(self) -> int:
        """The line's price after its own discount and before tax."""
        return half_up(self.unit_minor * self.quantity * (100 - self.percent_off) / 100)


@dataclass(frozen=True)
class Discount:
    """Money off a scope: a percentage of what is left there, or a fixed amount, up to a cap.

    Scopes are `order`, `line:<id>`, `category:<name>` (with all branches below it, which are named
    `<name>/…`) and `cheapest:<tag>`: one unit of the cheapest line that carries the tag.
    """

    id: str
    scope: str = "order"
    percent: Fraction = Fraction(0)
    amount_minor: int = 0
    max_minor: int | None = None


@dataclass(frozen=True)
class Tender:
    """Stored money that may pay: a gift card, a wallet."""

    id: str
    balance_minor: int


@dataclass(frozen=True)
class EarningBase:
    """So many points for each whole amount of money in a scope."""

    points: int
    unit_minor: int
    scope: str = "order"


@dataclass(frozen=True)
class Taken:
    """What a discount took, tax included, and on which lines it fell."""

    id: str
    scope: str
    minor: int
    shares: Shares = field(default_factory=dict)


@dataclass(frozen=True)
class Priced:
    """A basket after its discounts, tax included; `totals_minor` is the total after each of them."""

    before_minor: int
    total_minor: int
    net_minor: int
    tax_minor: int
    totals_minor: tuple[int, ...]
    taken: tuple[Taken, ...]

    @property
    def discount_minor(self) -> int:
        """All discounts together, tax included."""
        return self.before_minor - self.total_minor


@dataclass(frozen=True)
class Paid:
    """What tenders paid, what each has left, and what is still to pay."""

    used_minor: Mapping[str, int]
    left_minor: Mapping[str, int]
    to_pay_minor: int


def half_up(amount: Fraction | int) -> int:
    """The nearest whole number; a half goes up.

    >>> half_up(Fraction(5, 2)), half_up(Fraction(-5, 2))
    (3, -2)
    """
    return floor(amount + Fraction(1, 2))


def value_of(line: BasketLine, rounding: TaxRounding = "line") -> Fraction:
    """A line's price with tax; tax is rounded here only where it is rounded line by line.

    >>> value_of(BasketLine("A", 330, tax_rate=Fraction("0.15")))
    Fraction(380, 1)
    >>> value_of(BasketLine("A", 330, tax_rate=Fraction("0.15")), "order")
    Fraction(759, 2)
    """
    tax = line.net_minor * line.tax_rate
    return line.net_minor + (Fraction(half_up(tax)) if rounding == "line" else tax)


def priced(
    lines: Sequence[BasketLine], discounts: Sequence[Discount], *, rounding: TaxRounding = "line"
) -> Priced:
    """The basket after its discounts, in their order. It never costs less than nothing.

    >>> cup = BasketLine("cup", 10_000, quantity=Fraction(3))
    >>> tenth = Discount("tenth", "line:cup", Fraction(10))
    >>> priced([cup], [tenth, tenth, tenth]).totals_minor
    (27000, 24300, 21870)
    """
    left = [value_of(line, rounding) for line in lines]
    total = before = half_up(sum(left, Fraction(0)))
    taken, totals = [], []
    for discount in discounts:
        shares = in_scope(discount.scope, lines, left)
        one = _taken(discount, shares, most=max(total, 0))
        for place, share in one.shares.items():
            left[place] -= share
        total -= one.minor
        taken.append(one)
        totals.append(total)
    tax = _tax_of(lines, left, rounding)
    return Priced(before, total, total - tax, tax, tuple(totals), tuple(taken))


def by_line(taken: Sequence[Taken], lines: int) -> list[int]:
    """What falls on each line of a basket, in whole minor units that add up to all that was taken.

    >>> half = Taken("half", "order", 5, {0: Fraction(5, 3), 1: Fraction(10, 3)})
    >>> by_line([half], 2)
    [2, 3]
    """
    shares, upto, before = [], Fraction(0), 0
    for place in range(lines):
        upto += sum((one.shares.get(place, Fraction(0)) for one in taken), Fraction(0))
        shares.append(half_up(upto) - before)
        before = half_up(upto)
    return shares


def in_scope(scope: str, lines: Sequence[BasketLine], left: Sequence[Fraction]) -> Shares:
    """The value of a scope, line by line, given what each line is still worth.

    Raises `ValueError` for a scope of an unknown kind.
    """
    kind, _, name = scope.partition(":")
    if kind == "order":
        return dict(enumerate(left))
    if kind == "line":
        return {at: left[at] for at, line in enumerate(lines) if line.id == name}
    if kind == "category":
        return {
            at: left[at]
            for at, line in enumerate(lines)
            if line.category == name or line.category.startswith(f"{name}/")
        }
    if kind == "cheapest":
        return _cheapest(name, lines, left)
    raise ValueError(f"no scope is called {scope!r}")


def _cheapest(tag: str, lines: Sequence[BasketLine], left: Sequence[Fraction]) -> Shares:
    units = [
        (left[at] / line.quantity, at)
        for at, line in enumerate(lines)
        if tag in line.tags and line.quantity > 0 and left[at] > 0
    ]
    if not units:
        return {}
    unit, at = min(units)
    return {at: min(unit, left[at])}


def _taken(discount: Discount, shares: Shares, *, most: int) -> Taken:
    worth = sum(shares.values(), Fraction(0))
    if worth <= 0:
        return Taken(discount.id, discount.scope, 0)
    wanted = half_up(worth * discount.percent / 100) + discount.amount_minor
    limits = [wanted, most, half_up(worth)]
    if discount.max_minor is not None:
        limits.append(discount.max_minor)
    minor = max(min(limits), 0)
    part = min(minor / worth, Fraction(1))
    return Taken(
        discount.id,
        discount.scope,
        minor,
        {at: part * value for at, value in shares.items() if value},
    )


def _tax_of(lines: Sequence[BasketLine], left: Sequence[Fraction], rounding: TaxRounding) -> int:
    taxes = [
        value * line.tax_rate / (1 + line.tax_rate) for line, value in zip(lines, left, strict=True)
    ]
    if rounding == "line":
        return sum(half_up(tax) for tax in taxes)
    return half_up(sum(taxes, Fraction(0)))


def earned_on(
    lines: Sequence[BasketLine],
    bought: Priced,
    base: EarningBase,
    *,
    rounding: TaxRounding = "line",
) -> int:
    """The points a basket earns on the value of the earning scope.

    Where earning is limited to some lines, a discount on the whole basket or on other lines is not
    charged to them; one on these lines is, with the share that fell on them.

    >>> food = BasketLine("A", 8_000, category="food")
    >>> lines = [food, BasketLine("B", 2_000)]
    >>> quarter = priced(lines, [Discount("quarter", percent=Fraction(25))])
    >>> earned_on(lines, quarter, EarningBase(1, 100, "category:food"))
    80
    >>> earned_on(lines, quarter, EarningBase(1, 100))
    75
    """
    if base.scope == "order":
        return max(bought.total_minor, 0) // base.unit_minor * base.points
    values = [value_of(line, rounding) for line in lines]
    scope = in_scope(base.scope, lines, values)
    worth = sum(scope.values(), Fraction(0))
    for one in bought.taken:
        if one.scope != "order":
            worth -= sum(
                (
                    share * scope[at] / values[at]
                    for at, share in one.shares.items()
                    if at in scope and values[at]
                ),
                Fraction(0),
            )
    return max(floor(worth / base.unit_minor), 0) * base.points


def paid(total_minor: int, tenders: Sequence[Tender]) -> Paid:
    """What tenders pay of a total, one after the other; what the basket does not need they keep.

    >>> paid(4_000, [Tender("card", 5_000)])
    Paid(used_minor={'card': 4000}, left_minor={'card': 1000}, to_pay_minor=0)
    """
    open_minor = max(total_minor, 0)
    used, left = {}, {}
    for tender in tenders:
        used[tender.id] = min(tender.balance_minor, open_minor)
        left[tender.id] = tender.balance_minor - used[tender.id]
        open_minor -= used[tender.id]
    return Paid(used, left, open_minor)


def points_for_discount(
    balance: int, *, worth_minor: Fraction | int, multiple_of: int, order_minor: int
) -> int:
    """How many points become a discount: whole multiples, no more than the order can absorb.

    >>> points_for_discount(10, worth_minor=150, multiple_of=3, order_minor=10_000)
    9
    >>> points_for_discount(30, worth_minor=1_000, multiple_of=1, order_minor=2_000)
    2
    """
    if worth_minor <= 0 or order_minor <= 0:
        return 0
    most = min(balance, floor(Fraction(order_minor) / worth_minor))
    return max(most, 0) // multiple_of * multiple_of


def affordable(
    points: Fraction, rewards: Sequence[tuple[str, Fraction]]
) -> tuple[list[str], Fraction]:
    """The rewards that so many points of a coupon pay for, in their order, and what they cost.

    >>> affordable(Fraction(1), [("a", Fraction(1, 2)), ("b", Fraction(1)), ("c", Fraction(1, 2))])
    (['a', 'c'], Fraction(1, 1))
    """
    applied, spent = [], Fraction(0)
    for name, cost in rewards:
        if spent + cost <= points:
            applied.append(name)
            spent += cost
    return applied, spent
