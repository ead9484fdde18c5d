"""The roll-forward of the liability: opening, what moved it, closing; by month, to the minor unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from regulars.loyalty.rules.breakage import Curve, redeemed_in_the_end
from regulars.loyalty.rules.liability import Stand, allocated, revenue_to_date


@dataclass
class Vintage:
    """Points of a unit issued in one month, and what became of them, month by month.

    Months count from any beginning. `sold` is the part that came with sales, for which customers
    paid `price_minor`, at `alone_minor` without discounts; the rest was given without a sale, and
    of that `by_hand`. What people took by hand is `taken`. Where partners pay for all of it,
    `paid_minor` is what they pay, and no part of what customers paid is for the points.
    """

    month: int
    issued: int
    sold: int
    price_minor: int
    alone_minor: int
    by_hand: int = 0
    redeemed: dict[int, int] = field(default_factory=dict)
    expired: dict[int, int] = field(default_factory=dict)
    reversed: dict[int, int] = field(default_factory=dict)
    taken: dict[int, int] = field(default_factory=dict)
    paid_minor: int | None = None

    def until(self, moved: Mapping[int, int], month: int) -> int:
        """The sum of a movement up to the end of a month."""
        return sum(amount for at, amount in moved.items() if at <= month)


class Expectation(NamedTuple):
    """What was believed at the end of a month: a curve by age, or a rate of all issued, as stated.

    Neither means that there was not enough data: then all open points are expected.
    """

    curve: Curve = ()
    stated: Fraction | None = None

    @property
    def rate(self) -> Fraction:
        """The share of newly issued points that will be redeemed."""
        if self.stated is not None:
            return self.stated
        return redeemed_in_the_end(self.curve) if self.curve else Fraction(1)

    def total(self, *, redeemed: int, left: int, issued: int, age: int) -> Fraction:
        """All points of a vintage that will ever be redeemed, as seen when it has lived `age` months.

        >>> Expectation(stated=Fraction(9, 10)).total(redeemed=40, left=60, issued=100, age=3)
        Fraction(90, 1)
        >>> Expectation(stated=Fraction(9, 10)).total(redeemed=40, left=0, issued=100, age=9)
        Fraction(40, 1)
        """
        if self.stated is not None:
            return min(Fraction(redeemed + left), max(Fraction(redeemed), self.stated * issued))
        share = redeemed_in_the_end(self.curve, age=age) if self.curve else Fraction(1)
        return redeemed + left * share


class Worth(NamedTuple):
    """So many points are worth so much money, in minor units."""

    minor: int
    points: int


@dataclass(frozen=True)
class Month:
    """One line of the roll-forward, in minor units, and the points behind it.

    opening + from_sales + from_gifts + adjusted - returned - redeemed - broken + re_estimated
    = closing. `from_sales` is taken from revenue, `from_gifts` is an expense of marketing, and so
    is `adjusted`: what people gave by hand less what they took.
    """

    month: int
    opening_minor: int
    from_sales_minor: int
    from_gifts_minor: int
    adjusted_minor: int
    returned_minor: int
    redeemed_minor: int
    broken_minor: int
    re_estimated_minor: int
    closing_minor: int
    issued: int
    adjusted: int
    redeemed: int
    expired: int
    reversed: int
    open: int


@dataclass(frozen=True)
class _Books:
    """A vintage at the end of a month."""

    price: int
    gift: int
    to_date: int
    redeemed: int
    expected: Fraction
    issued: int

    @property
    def allocated(self) -> int:
        return self.price + self.gift

    @property
    def liability(self) -> int:
        return self.allocated - self.to_date


_NOTHING = _Books(0, 0, 0, 0, Fraction(0), 0)


def roll_forward(
    vintages: Sequence[Vintage], expectations: Mapping[int, Expectation], *, worth: Worth
) -> list[Month]:
    """The months in which there are expectations, in order; each closes to the minor unit.

    The price of a vintage is allocated by the expectation at the end of its own month. What goods
    that came back had been allocated leaves with them. Revenue of a month at the expectation of
    the month before is split into what was redeemed and the breakage that comes with it in
    proportion; the rest of the change is the new estimate.
    """
    before: dict[int, _Books] = {}
    months = []
    for month in sorted(expectations):
        known = [one for one in vintages if one.month <= month]
        after = {one.month: _books(one, month, expectations, worth) for one in known}
        months.append(_month(month, known, before, after))
        before = after
    return months


def _books(
    vintage: Vintage, month: int, expectations: Mapping[int, Expectation], worth: Worth
) -> _Books:
    redeemed = vintage.until(vintage.redeemed, month)
    back = vintage.until(vintage.reversed, month) + vintage.until(vintage.taken, month)
    issued = vintage.issued - back
    left = max(issued - redeemed - vintage.until(vintage.expired, month), 0)
    first = expectations.get(vintage.month, Expectation())
    expected = expectations[month].total(
        redeemed=redeemed, left=left, issued=issued, age=month - vintage.month + 1
    )
    price, gift = _allocation(vintage, first.rate, worth)
    share = Fraction(issued, vintage.issued) if vintage.issued else Fraction(0)
    price, gift = int(price * share), int(gift * share)
    to_date = revenue_to_date(price + gift, Stand(redeemed, expected))
    return _Books(price, gift, to_date, redeemed, Fraction(expected), issued)


def _allocation(vintage: Vintage, rate: Fraction, worth: Worth) -> tuple[int, int]:
    """What was paid for the points of a vintage, and what those given without a sale cost."""
    if vintage.paid_minor is not None:
        return vintage.paid_minor, 0
    value = Fraction(worth.minor, worth.points) * rate
    price = allocated(
        vintage.price_minor,
        goods_alone_minor=vintage.alone_minor,
        points_alone_minor=vintage.sold * value,
    ).points_minor
    return price, int((vintage.issued - vintage.sold) * value)


def _month(
    month: int,
    vintages: Sequence[Vintage],
    before: Mapping[int, _Books],
    after: Mapping[int, _Books],
) -> Month:
    parts = [_part(one, month, before.get(one.month), after[one.month]) for one in vintages]
    sums = [sum(column) for column in zip(*parts, strict=True)] or [0] * 8
    opening, sales, gifts, adjusted, returned, redeemed, broken, closing = sums
    moved = opening + sales + gifts + adjusted - returned - redeemed - broken
    by_hand = sum(one.by_hand for one in vintages if one.month == month)
    return Month(
        month=month,
        opening_minor=opening,
        from_sales_minor=sales,
        from_gifts_minor=gifts,
        adjusted_minor=adjusted,
        returned_minor=returned,
        redeemed_minor=redeemed,
        broken_minor=broken,
        re_estimated_minor=closing - moved,
        closing_minor=closing,
        issued=sum(one.issued for one in vintages if one.month == month) - by_hand,
        adjusted=by_hand - sum(one.taken.get(month, 0) for one in vintages),
        redeemed=sum(one.redeemed.get(month, 0) for one in vintages),
        expired=sum(one.expired.get(month, 0) for one in vintages),
        reversed=sum(one.reversed.get(month, 0) for one in vintages),
        open=sum(
            one.issued
            - one.until(one.reversed, month)
            - one.until(one.redeemed, month)
            - one.until(one.expired, month)
            - one.until(one.taken, month)
            for one in vintages
        ),
    )


def _part(
    vintage: Vintage, month: int, before: _Books | None, after: _Books
) -> tuple[int, int, int, int, int, int, int, int]:
    """What one vintage adds to each column of a month.

    What goods that came back in the month of issue had been allocated was never deferred. What a
    partner was charged was: it stands in full, beside what it is credited.
    """
    is_new = vintage.month == month
    old = before or _NOTHING
    price = after.price if vintage.paid_minor is None else vintage.paid_minor
    gone = (old.allocated if before else price + after.gift) - after.allocated
    taken = _share(gone, vintage.taken.get(month, 0), vintage.reversed.get(month, 0))
    by_hand = _share(after.gift, vintage.by_hand, vintage.issued - vintage.sold - vintage.by_hand)
    given = by_hand if is_new else 0
    redeemed, broken = _earned(old if before else after, after, since=old.redeemed)
    return (
        old.liability,
        price if is_new else 0,
        after.gift - by_hand if is_new else 0,
        given - taken,
        gone - taken,
        redeemed,
        broken,
        after.liability,
    )


def _share(whole: int, part: int, rest: int) -> int:
    """What of a whole falls to a part beside the rest, cut to whole ones."""
    return whole * part // (part + rest) if part else 0


def _earned(belief: _Books, after: _Books, *, since: int) -> tuple[int, int]:
    """Revenue of the month's redemptions at the belief before it: their own, and their breakage."""
    gone = after.redeemed - since
    if not gone or not after.issued:
        return 0, 0
    own = int(Fraction(after.allocated * gone, after.issued))
    whole = int(after.allocated * gone / belief.expected) if belief.expected else own
    return own, max(whole - own, 0)
