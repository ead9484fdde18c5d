"""Whether two groups of answers differ, or chance alone would explain it; and many such questions.

Shares are compared by Agresti and Caffo (2000), Net Promoter Scores by the adjusted Wald test of
Rocks (2016), means by Welch (1947). Many comparisons at once are held by the step-up rule of
Benjamini and Hochberg (1995), so that of the differences that are named one in twenty is chance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from regulars.feedback.rules.means import interval_from_moments
from regulars.feedback.rules.normal import t_for, two_sided_p, z_for
from regulars.feedback.rules.nps import NpsCounts, nps_compare, score_of_counts
from regulars.feedback.rules.proportions import share_score
from regulars.feedback.rules.scores import Score

TOP_MIN = 4
"""From this rating on, of five, an answer counts as satisfied."""

EVIDENCE = 0.05
"""The share of false alarms among named differences that is put up with."""

Verdict = Literal["higher", "lower", "no_evidence", "too_few"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far one group lies above another, its 95 % bounds and the chance of as much by luck.

    Units are those of the measure: points, a share from 0 to 1, or points of its own scale.
    """

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Sample:
    """The answers of one group on one measure: how many gave each score of its scale.

    >>> Sample("nps", {10: 6, 7: 2, 0: 2}).score().value
    40.0
    """

    measure: str
    counts: Mapping[float, float]

    @property
    def size(self) -> float:
        """How many answers there are."""
        return sum(self.counts.values())

    def score(self) -> Score | None:
        """The group's score, or None without answers."""
        if self.size <= 0:
            return None
        if self.measure == "nps":
            return score_of_counts(self.nps_counts)
        if self.measure == "csat":
            return share_score(round(self.tops), round(self.size))
        interval = interval_from_moments(
            self.mean, deviation=math.sqrt(self.variance), size=round(self.size)
        )
        return Score(interval.mean, interval.low, interval.high, round(self.size))

    def without(self, other: "Sample") -> "Sample":
        """The answers that are left when those of a part are taken out."""
        left = {score: count - other.counts.get(score, 0) for score, count in self.counts.items()}
        return Sample(self.measure, {score: count for score, count in left.items() if count > 0})

    @property
    def nps_counts(self) -> NpsCounts:
        """Detractors, passives and promoters."""
        kinds = [0.0, 0.0, 0.0]
        for score, count in self.counts.items():
            kinds[(score > 6) + (score > 8)] += count
        return NpsCounts(*kinds)

    @property
    def tops(self) -> float:
        """Answers that count as satisfied."""
        return sum(count for score, count in self.counts.items() if score >= TOP_MIN)

    @property
    def mean(self) -> float:
        """The mean score. Raises ZeroDivisionError without answers."""
        return sum(score * count for score, count in self.counts.items()) / self.size

    @property
    def variance(self) -> float:
        """The sample variance (n - 1), 0 for a single answer."""
        if self.size <= 1:
            return 0.0
        mean = self.mean
        squares = sum(count * (score - mean) ** 2 for score, count in self.counts.items())
        return squares / (self.size - 1)


def difference(a: Sample, b: Sample, *, confidence: float = 0.95) -> Difference | None:
    """How far the score of a lies above that of b; None where either says nothing.

    The samples must be of different people. Means of a single answer say nothing.

    >>> found = difference(Sample("csat", {5: 80, 1: 20}), Sample("csat", {5: 50, 1: 50}))
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2), found.p_value < 0.001
    (0.3, 0.17, 0.42, True)
    """
    if a.size <= 0 or b.size <= 0:
        return None
    if a.measure == "nps":
        compared = nps_compare(a.nps_counts, b.nps_counts, confidence=confidence)
        assert compared.p_value is not None, "answers that are added vary"
        value = a.nps_counts.points - b.nps_counts.points
        return Difference(value, compared.low, compared.high, compared.p_value)
    if a.measure == "csat":
        return _shares_apart(a, b, confidence=confidence)
    return _means_apart(a, b, confidence=confidence)


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted for how many there are, in the order given.

    >>> [round(p, 3) for p in benjamini_hochberg([0.01, 0.04, 0.03, 0.005])]
    [0.02, 0.04, 0.04, 0.02]
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda at: p_values[at], reverse=True)
    adjusted, least = [0.0] * count, 1.0
    for rank, at in enumerate(order):
        least = min(least, p_values[at] * count / (count - rank))
        adjusted[at] = least
    return adjusted


def verdict(found: Difference | None, *, p_value: float, least: float, size_min: float) -> Verdict:
    """What may be said of a difference: `least` is the smaller group, `p_value` the adjusted one."""
    if found is None or least < size_min:
        return "too_few"
    if p_value >= EVIDENCE:
        return "no_evidence"
    return "higher" if found.value > 0 else "lower"


def _shares_apart(a: Sample, b: Sample, *, confidence: float) -> Difference:
    shares = [(one.tops + 1) / (one.size + 2) for one in (a, b)]
    spread = sum(
        share * (1 - share) / (one.size + 2) for share, one in zip(shares, (a, b), strict=True)
    )
    middle, se = shares[0] - shares[1], math.sqrt(spread)
    half = z_for(confidence) * se
    value = a.tops / a.size - b.tops / b.size
    return Difference(value, middle - half, middle + half, two_sided_p(middle / se))


def _means_apart(a: Sample, b: Sample, *, confidence: float) -> Difference | None:
    if min(a.size, b.size) < 2:
        return None
    parts = [one.variance / one.size for one in (a, b)]
    value, spread = a.mean - b.mean, sum(parts)
    if spread == 0:
        return Difference(value, value, value, 1.0 if value == 0 else 0.0)
    degrees = spread**2 / sum(
        part**2 / (one.size - 1) for part, one in zip(parts, (a, b), strict=True)
    )
    half = t_for(confidence, degrees=degrees) * math.sqrt(spread)
    return Difference(value, value - half, value + half, _t_chance(value, spread, degrees))


def _t_chance(value: float, spread: float, degrees: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(value) / math.sqrt(spread)))
