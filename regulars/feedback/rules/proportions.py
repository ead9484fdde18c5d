"""Intervals for a share of answers, such as the satisfied ones."""

import math
from collections.abc import Iterable

from regulars.feedback.rules.normal import z_for
from regulars.feedback.rules.scores import NoAnswers, Score


def wilson_interval(
    successes: float, size: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """The score interval of Wilson (1927), from 0 to 1; the one the product shows.

    >>> wilson_interval(9, 10)
    (0.595..., 0.982...)
    """
    share, z = _share(successes, size), z_for(confidence)
    shrink = 1 + z * z / size
    centre = (share + z * z / (2 * size)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    # At the ends the bound is the share itself, which binary fractions miss by a hair.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == size else min(1.0, centre + half)


def agresti_coull_interval(
    successes: float, size: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """The interval of Agresti and Coull (1998): a Wald interval after adding z squared answers.

    Near 0 and 1 it reaches beyond them.
    """
    _share(successes, size)
    z = z_for(confidence)
    return wald_interval(successes + z * z / 2, size + z * z, confidence=confidence)


def wald_interval(
    successes: float, size: float, *, confidence: float = 0.95
) -> tuple[float, float]:
    """The textbook interval, too narrow near 0 and 1, and beyond them; kept for comparison only."""
    share = _share(successes, size)
    half = z_for(confidence) * math.sqrt(share * (1 - share) / size)
    return share - half, share + half


INTERVALS = {
    "wilson": wilson_interval,
    "agresti_coull": agresti_coull_interval,
    "wald": wald_interval,
}


def proportion_interval(
    successes: float,
    size: float,
    *,
    method: str = "wilson",
    confidence: float = 0.95,
    clip: bool = True,
) -> tuple[float, float]:
    """The interval of a share by method: wilson, agresti_coull or wald.

    With `clip` the bounds stay within 0 and 1.

    >>> [round(bound, 4) for bound in proportion_interval(9, 10, method="wald", clip=False)]
    [0.7141, 1.0859]
    """
    if method not in INTERVALS:
        raise ValueError(f"unknown method {method!r}: use {', '.join(INTERVALS)}")
    low, high = INTERVALS[method](successes, size, confidence=confidence)
    return (max(0.0, low), min(1.0, high)) if clip else (low, high)


def satisfaction_score(
    ratings: Iterable[float], *, scale_max: int = 5, confidence: float = 0.95
) -> Score | None:
    """The share of ratings in the two top boxes (CSAT), with the Wilson interval; None if empty.

    >>> satisfaction_score([5, 4, 4, 2])
    Score(value=0.75, low=0.300..., high=0.954..., answers=4)
    """
    tops = [rating >= scale_max - 1 for rating in ratings]
    return share_score(sum(tops), len(tops), confidence=confidence)


def share_score(successes: int, size: int, *, confidence: float = 0.95) -> Score | None:
    """A share of counted answers as it is shown, or None when nobody answered."""
    if size == 0:
        return None
    low, high = wilson_interval(successes, size, confidence=confidence)
    return Score(successes / size, low, high, size)


def _share(successes: float, size: float) -> float:
    if size <= 0:
        raise NoAnswers("no answers, no share")
    if not 0 <= successes <= size:
        raise ValueError("successes must lie between 0 and the number of answers")
    return successes / size
