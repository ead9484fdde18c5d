"""The Net Promoter Score: value, spread, intervals, comparisons and sample sizes.

An answer is worth +1 (promoter), 0 (passive) or -1 (detractor). The score is 100 times the mean of
these; its variance is that of the mean of one multinomial, because the shares of promoters and
detractors depend on each other.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from regulars.feedback.rules.normal import two_sided_p, z_for, z_for_power
from regulars.feedback.rules.scores import NoAnswers, Score

PSEUDO_DETRACTORS = 0.75
PSEUDO_PASSIVES = 1.5
PSEUDO_PROMOTERS = 0.75


@dataclass(frozen=True, slots=True)
class NpsCounts:
    """How many answers were detractors, passives and promoters; parts of an answer are allowed."""

    detractors: float
    passives: float
    promoters: float

    def __post_init__(self) -> None:
        if min(self.detractors, self.passives, self.promoters) < 0:
            raise ValueError("counts cannot be negative")

    @property
    def total(self) -> float:
        """All answers together."""
        return self.detractors + self.passives + self.promoters

    @property
    def mean(self) -> float:
        """The mean of +1, 0 and -1, from -1 to 1. Raises NoAnswers without any."""
        return (self.promoters - self.detractors) / self._answered

    @property
    def points(self) -> float:
        """The score, from -100 to 100: the mean in points, whole where it is whole.

        >>> NpsCounts(0, 71, 29).points
        29.0
        """
        return 100 * (self.promoters - self.detractors) / self._answered

    @property
    def _answered(self) -> float:
        if self.total <= 0:
            raise NoAnswers("no answers, no score")
        return self.total

    @property
    def variance(self) -> float:
        """The variance of one answer on the unit scale, divided by n and not by n - 1."""
        mean = self.mean
        return (self.promoters + self.detractors) / self.total - mean**2

    def adjusted(self) -> "NpsCounts":
        """The same counts with the three pseudo-answers of the adjusted Wald interval."""
        return NpsCounts(
            self.detractors + PSEUDO_DETRACTORS,
            self.passives + PSEUDO_PASSIVES,
            self.promoters + PSEUDO_PROMOTERS,
        )


@dataclass(frozen=True, slots=True)
class NpsFigure:
    """A Net Promoter Score in points, its unit variance and its standard error in points."""

    nps: float
    variance: float
    se: float


@dataclass(frozen=True, slots=True)
class NpsInterval:
    """The centre of an interval, its standard error, margin and bounds, all in points."""

    nps: float
    se: float
    moe: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class NpsComparison:
    """The difference of two scores in points, its standard error, z, two-sided p-value and bounds.

    Where nothing varies in either sample there is no z and no p-value.
    """

    diff: float
    se: float
    z: float | None
    p_value: float | None
    low: float
    high: float


def count_ratings(
    ratings: Iterable[float], *, detractor_max: float = 6, passive_max: float = 8
) -> NpsCounts:
    """The detractors, passives and promoters among ratings on any scale.

    A rating at or below `detractor_max` is a detractor, at or below `passive_max` a passive.

    >>> count_ratings([0, 7, 7, 9, 9, 9])
    NpsCounts(detractors=1, passives=2, promoters=3)
    """
    if detractor_max > passive_max:
        raise ValueError("detractor_max cannot exceed passive_max")
    kinds = [0, 0, 0]
    for rating in ratings:
        kinds[(rating > detractor_max) + (rating > passive_max)] += 1
    return NpsCounts(*kinds)


def nps_from_counts(counts: NpsCounts) -> NpsFigure:
    """The score of these counts with its variance and standard error.

    >>> nps_from_counts(NpsCounts(0, 1, 1))
    NpsFigure(nps=50.0, variance=0.25, se=35.35...)
    """
    se = 100 * math.sqrt(max(0.0, counts.variance) / counts.total)
    return NpsFigure(nps=counts.points, variance=counts.variance, se=se)


def nps_from_scores(
    ratings: Iterable[float], *, detractor_max: float = 6, passive_max: float = 8
) -> NpsFigure:
    """The score of single ratings with its variance and standard error. Refuses an empty list."""
    return nps_from_counts(
        count_ratings(ratings, detractor_max=detractor_max, passive_max=passive_max)
    )


def nps_interval(
    counts: NpsCounts,
    *,
    method: str = "adjusted_wald",
    confidence: float = 0.95,
    clip: bool = True,
) -> NpsInterval:
    """The confidence interval of a score, by `wald` or `adjusted_wald` (Rocks 2016).

    The adjusted interval is centred on the score of the counts with three pseudo-answers, and that
    centre is its `nps`. With `clip` the bounds stay within -100 and 100.

    >>> nps_interval(NpsCounts(5, 0, 0)).high
    -17.49...
    """
    figure = nps_from_counts(_counts_for(counts, method=method))
    moe = z_for(confidence) * figure.se
    low, high = figure.nps - moe, figure.nps + moe
    if clip:
        low, high = max(-100.0, low), min(100.0, high)
    return NpsInterval(nps=figure.nps, se=figure.se, moe=moe, low=low, high=high)


def nps_compare(
    a: NpsCounts, b: NpsCounts, *, method: str = "adjusted_wald", confidence: float = 0.95
) -> NpsComparison:
    """How far score a lies above score b, and how likely chance alone would bring them that far.

    The samples must be of different people. When nothing varies in either, nothing says how likely
    chance is: z and p-value are None.
    """
    first = nps_from_counts(_counts_for(a, method=method))
    second = nps_from_counts(_counts_for(b, method=method))
    diff = first.nps - second.nps
    se = math.hypot(first.se, second.se)
    z = diff / se if se > 0 else None
    half = z_for(confidence) * se
    p_value = None if z is None else two_sided_p(z)
    return NpsComparison(diff, se, z, p_value, low=diff - half, high=diff + half)


def nps_sample_size(*, half_width: float, variance: float = 1.0, confidence: float = 0.95) -> int:
    """The answers it takes for an interval of plus or minus `half_width` points.

    >>> nps_sample_size(half_width=5)
    1537
    """
    return _needed(variance, half_width / z_for(confidence))


def nps_compare_sample_size(
    *, difference: float, variance: float = 1.0, confidence: float = 0.95, power: float = 0.8
) -> int:
    """The answers each of two groups needs to see a difference of so many points, either way.

    >>> nps_compare_sample_size(difference=10, variance=0.6)
    942
    """
    return _needed(2 * variance, abs(difference) / (z_for(confidence) + z_for_power(power)))


def net_promoter_score(ratings: Iterable[float], *, confidence: float = 0.95) -> Score | None:
    """The Net Promoter Score of ratings from 0 to 10, with its confidence interval.

    The interval is the adjusted Wald of Rocks (2016, The American Statistician): three answers
    are added, 3/4 of a promoter, 3/4 of a detractor, the rest passive, because the plain interval
    is too narrow for what one shop collects in a week. The value itself is not adjusted.

    >>> net_promoter_score([10, 9, 9, 7, 3])
    Score(value=40.0, low=-29.7..., high=79.7..., answers=5)
    >>> net_promoter_score([]) is None
    True
    """
    return score_of_counts(count_ratings(ratings), confidence=confidence)


def score_of_counts(counts: NpsCounts, *, confidence: float = 0.95) -> Score | None:
    """The Net Promoter Score of counted answers as it is shown, or None without answers."""
    if counts.total == 0:
        return None
    interval = nps_interval(counts, confidence=confidence)
    return Score(counts.points, interval.low, interval.high, round(counts.total))


def _counts_for(counts: NpsCounts, *, method: str) -> NpsCounts:
    if counts.total <= 0:
        raise NoAnswers("no answers, no score")
    if method == "wald":
        return counts
    if method == "adjusted_wald":
        return counts.adjusted()
    raise ValueError(f"unknown method {method!r}: use wald or adjusted_wald")


def _needed(variance: float, standard_error: float) -> int:
    if variance < 0 or standard_error <= 0:
        raise ValueError("the variance cannot be negative and the width must be positive")
    # Rounded first, so that an exact answer does not gain one person from the last binary digit.
    return math.ceil(round(variance * (100 / standard_error) ** 2, 9))
