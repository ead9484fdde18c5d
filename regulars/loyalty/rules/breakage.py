"""How many points will ever be redeemed, by the program's own redemption curve.

Points issued in one month are a cohort. In each month of its life some of what is still open is
redeemed: the hazard of that age. The chance that a point of some age is redeemed in the end is one
less the product of staying unredeemed at every later age up to its expiry (Kaplan and Meier 1958,
with points in place of patients; actuaries know it as the chain ladder). Cohorts differ more than
points do, so the interval resamples whole cohorts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

COHORTS_MIN = 3
"""Each age must have been lived through by so many cohorts, or the data cannot carry an estimate."""

RESAMPLES = 200
SEED = 1
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Cohort:
    """Points issued in one month: `issued` less what was taken back, `redeemed[age]` by months since.

    `redeemed` ends with the last whole month that the cohort has lived; `expired` likewise.
    """

    issued: int
    redeemed: tuple[int, ...]
    expired: tuple[int, ...] = ()

    def open_at(self, age: int) -> int:
        """What was open at the start of an age."""
        return self.issued - sum(self.redeemed[:age]) - sum(self.expired[:age])


Curve = tuple[tuple[int, int], ...]
"""For each age in months, points redeemed at it and points open at its start, over all cohorts."""


@dataclass(frozen=True)
class Estimate:
    """The share of newly issued points that will be redeemed, with its interval.

    `cohorts` is how many were looked at; `curve` gives the share for any age.
    """

    rate: Fraction
    low: float
    high: float
    cohorts: int
    curve: Curve


def redeemed_in_the_end(curve: Curve, *, age: int = 0) -> Fraction:
    """The chance that a point open at the start of an age is redeemed later, from 0 to 1.

    >>> redeemed_in_the_end(((50, 100), (10, 40)))
    Fraction(5, 8)
    >>> redeemed_in_the_end(((50, 100), (10, 40)), age=1)
    Fraction(1, 4)
    """
    stays = Fraction(1)
    for redeemed, opened in curve[age:]:
        if opened:
            stays *= 1 - Fraction(redeemed, opened)
    return 1 - stays


def estimate(cohorts: Sequence[Cohort], *, life_months: int | None) -> Estimate | None:
    """The redemption rate of points that live so many months; None where the data cannot carry it.

    Points that never expire have no last age, and a program younger than its points' life has
    not seen the end of any: then nothing is estimated, and all points count as expected.

    >>> young = [Cohort(100, (30, 10))] * 3
    >>> estimate(young, life_months=1).rate
    Fraction(2, 5)
    >>> estimate(young, life_months=12) is None, estimate(young, life_months=None) is None
    (True, True)
    """
    if life_months is None:
        return None
    ages = life_months + 1
    usable = [cohort for cohort in cohorts if cohort.issued > 0 and cohort.redeemed]
    if sum(len(cohort.redeemed) >= ages for cohort in usable) < COHORTS_MIN:
        return None
    curve = _curve(usable, ages)
    low, high = _interval(usable, ages)
    return Estimate(redeemed_in_the_end(curve), low, high, len(usable), curve)


def _curve(cohorts: Sequence[Cohort], ages: int) -> Curve:
    return tuple(
        (
            sum(one.redeemed[age] for one in cohorts if len(one.redeemed) > age),
            sum(max(one.open_at(age), 0) for one in cohorts if len(one.redeemed) > age),
        )
        for age in range(ages)
    )


def _interval(cohorts: Sequence[Cohort], ages: int) -> tuple[float, float]:
    random = Random(SEED)  # noqa: S311 (the same data give the same interval)
    rates = sorted(
        float(redeemed_in_the_end(_curve(random.choices(cohorts, k=len(cohorts)), ages)))
        for _ in range(RESAMPLES)
    )
    tail = (1 - CONFIDENCE) / 2
    return rates[int(tail * RESAMPLES)], rates[RESAMPLES - 1 - int(tail * RESAMPLES)]
