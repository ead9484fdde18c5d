"""Rounding of exact ratios to whole points, one named way at a time."""

from typing import Literal

Rounding = Literal["floor", "ceil", "half_up", "half_even"]


def divided(numerator: int, denominator: int, rounding: Rounding = "floor") -> int:
    """The ratio of two whole numbers, rounded once; no binary fraction is ever involved.

    Halves go up (away from zero) under `half_up`, to the even neighbour under `half_even`.
    The numerator is not negative and the denominator is positive.

    >>> [divided(5, 2, way) for way in ("floor", "ceil", "half_up", "half_even")]
    [2, 3, 3, 2]
    >>> divided(20158, 10, "half_up")
    2016
    """
    if rounding == "floor":
        return numerator // denominator
    if rounding == "ceil":
        return -(-numerator // denominator)
    if rounding == "half_up":
        return (2 * numerator + denominator) // (2 * denominator)
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))
