"""What a program owes for points, as IFRS 15 (B39 to B47) and ASC 606 measure it.

Money is in minor units, exact until the last step, and rounded once: halves away from zero, to
whole reporting units. So opening + allocated - revenue = closing holds to the last unit.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


def rounded(value: Fraction, unit_minor: int = 1) -> int:
    """The nearest multiple of a reporting unit, halves away from zero; in minor units.

    >>> rounded(Fraction(542250), 100), rounded(Fraction(-542250), 100)
    (542300, -542300)
    """
    scaled = abs(value) / unit_minor
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return (whole if value >= 0 else -whole) * unit_minor


class Allocation(NamedTuple):
    """How the price of a sale is shared between goods and points, in minor units."""

    goods_minor: int
    points_minor: int


def allocated(
    price_minor: int,
    *,
    goods_alone_minor: Fraction | int,
    points_alone_minor: Fraction | int,
    unit_minor: int = 1,
) -> Allocation:
    """The price shared in proportion to stand-alone selling prices (IFRS 15.74); goods get the rest.

    The points' stand-alone price is what those expected to be redeemed are worth (B42).

    >>> allocated(10_000_000, goods_alone_minor=10_000_000, points_alone_minor=950_000, unit_minor=100)
    Allocation(goods_minor=9132400, points_minor=867600)
    """
    points_alone, alone = Fraction(points_alone_minor), Fraction(goods_alone_minor)
    if points_alone <= 0 or points_alone + alone <= 0:
        return Allocation(price_minor, 0)
    share = rounded(price_minor * points_alone / (points_alone + alone), unit_minor)
    return Allocation(price_minor - share, share)


def option_price(
    base_minor: int, *, discount: Fraction, general_discount: Fraction, probability: Fraction
) -> int:
    """The stand-alone price of an option for a further purchase (B42), in minor units.

    A discount that everybody gets is no material right, and has no price.

    >>> option_price(10_000, discount=Fraction(40, 100), general_discount=Fraction(10, 100),
    ...     probability=Fraction(80, 100))
    2400
    """
    more = max(discount - general_discount, Fraction(0))
    return rounded(base_minor * more * probability)


class Stand(NamedTuple):
    """Points of a grant redeemed so far, and all that are now expected ever to be."""

    redeemed: Fraction | int
    expected: Fraction | int


class Recognised(NamedTuple):
    """Revenue of a period and the liability at its end, in minor units."""

    revenue_minor: int
    liability_minor: int


def revenue_to_date(points_minor: int, stand: Stand, *, unit_minor: int = 1) -> int:
    """How much of the points' price is earned: their share redeemed of all now expected (B46).

    All of it once nothing more is expected, so that what is never redeemed becomes revenue too.

    >>> revenue_to_date(867_600, Stand(4_500, 9_500), unit_minor=100)
    411000
    """
    if stand.redeemed >= stand.expected:
        return points_minor
    share = Fraction(stand.redeemed) / Fraction(stand.expected)
    return rounded(points_minor * share, unit_minor)


def recognised(
    points_minor: int, stands: Sequence[Stand], *, unit_minor: int = 1
) -> list[Recognised]:
    """Revenue and liability by period; a new estimate is a catch-up and may take revenue back.

    >>> recognised(867_600, [Stand(4_500, 9_500), Stand(8_500, 9_700)], unit_minor=100)
    [Recognised(revenue_minor=411000, liability_minor=456600), Recognised(revenue_minor=349300, liability_minor=107300)]
    """
    periods, before = [], 0
    for stand in stands:
        to_date = revenue_to_date(points_minor, stand, unit_minor=unit_minor)
        periods.append(Recognised(to_date - before, points_minor - to_date))
        before = to_date
    return periods


def side_by_side(grants: Sequence[Sequence[Recognised]]) -> list[Recognised]:
    """The sums by period of grants computed each on its own.

    Of a grant with fewer periods nothing more is recognised, and what is owed for it stays owed:
    so opening - revenue = closing holds for the sums as it does for each.

    >>> side_by_side([[Recognised(3, 7), Recognised(7, 0)], [Recognised(1, 4)]])
    [Recognised(revenue_minor=4, liability_minor=11), Recognised(revenue_minor=7, liability_minor=4)]
    """
    length = max((len(grant) for grant in grants), default=0)
    return [
        Recognised(
            sum(grant[period].revenue_minor for grant in grants if period < len(grant)),
            sum(grant[min(period, len(grant) - 1)].liability_minor for grant in grants if grant),
        )
        for period in range(length)
    ]
