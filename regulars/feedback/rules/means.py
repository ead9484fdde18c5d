"""Means of ratings, such as the Customer Effort Score."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from regulars.feedback.rules.normal import t_for
from regulars.feedback.rules.scores import NoAnswers, Score


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean with the bounds of its interval; the bounds of a single value do not exist."""

    mean: float
    low: float | None
    high: float | None


def mean_t_interval(values: Sequence[float], *, confidence: float = 0.95) -> MeanInterval:
    """The mean of values with Student's t interval (n - 1 degrees of freedom).

    >>> mean_t_interval([5, 6, 7, 4, 6, 5, 7, 3, 6, 5])
    MeanInterval(mean=5.4, low=4.495..., high=6.304...)
    """
    if not values:
        raise NoAnswers("no values, no mean")
    deviation = stdev(values) if len(values) > 1 else 0.0
    return interval_from_moments(
        fmean(values), deviation=deviation, size=len(values), confidence=confidence
    )


def interval_from_moments(
    mean: float, *, deviation: float, size: int, confidence: float = 0.95
) -> MeanInterval:
    """The same interval from a mean, a sample standard deviation and a count."""
    if size < 2:
        return MeanInterval(mean, None, None)
    half = t_for(confidence, degrees=size - 1) * deviation / math.sqrt(size)
    return MeanInterval(mean, mean - half, mean + half)


def effort_score(ratings: Iterable[float], *, confidence: float = 0.95) -> Score | None:
    """The Customer Effort Score: the mean rating with its t interval, or None without ratings.

    >>> effort_score([7, 5])
    Score(value=6.0, low=-6.70..., high=18.70..., answers=2)
    """
    values = list(ratings)
    if not values:
        return None
    interval = mean_t_interval(values, confidence=confidence)
    return Score(interval.mean, interval.low, interval.high, len(values))
