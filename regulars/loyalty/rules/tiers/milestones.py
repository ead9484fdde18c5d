"""Milestones: one message for the highest threshold that a balance has just crossed upwards."""

from collections.abc import Iterable, Sequence


def milestone(thresholds: Iterable[int], before: int, after: int) -> int | None:
    """The highest threshold crossed upwards by a movement; None where none was.

    Reaching a threshold exactly crosses it. Falling says nothing, and what is above the new
    balance can be crossed again.

    >>> milestone([50, 100], 0, 100), milestone([50, 100], 50, 99), milestone([50, 100], 100, 0)
    (100, None, None)
    """
    return max((one for one in thresholds if before < one <= after), default=None)


def milestones(
    thresholds: Sequence[int], opening: int, balances: Iterable[int]
) -> list[int | None]:
    """The milestone of each movement, as balances follow each other.

    >>> milestones([50, 100], 0, [50, 99, 100, 0, 100])
    [50, None, 100, None, 100]
    """
    said = []
    for balance in balances:
        said.append(milestone(thresholds, opening, balance))
        opening = balance
    return said
