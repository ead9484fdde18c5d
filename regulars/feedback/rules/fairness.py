"""Groups compared fairly: what each would have got with the customers of all, and what is chance.

A store whose customers are older, or are asked by telephone, gets other scores for the same work.
Scores are therefore adjusted for the mix of customers by the method of the CAHPS surveys (Elliott
et al. 2001; a linear regression with an intercept of its own for each group): the effects of the mix
are read from differences *within* groups, so that the quality of a group is never taken for an
effect of its customers. What is left is held against chance: funnel limits (Spiegelhalter 2005),
Cochran's Q over all groups, the variance between them (DerSimonian and Laird 1986) and the best
guess of each group drawn to the whole by as much as its answers leave open (Efron and Morris 1975).
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from regulars.feedback.rules.comparing import (
    EVIDENCE,
    TOP_MIN,
    Sample,
    Verdict,
    benjamini_hochberg,
)
from regulars.feedback.rules.normal import two_sided_p, z_for
from regulars.feedback.rules.scores import Score

ANSWERS_MIN = 10
"""With fewer people a group is listed, but nothing is said of it."""

GROUPS_MIN = 2
RIDGE = 1.0
"""As if one answer spoke against each effect of the mix: holds levels that few answers have."""

OUTER_LIMIT = 0.998
"""Beyond this limit of the funnel a group lies once in 500 by chance."""

VALUES: dict[str, Callable[[float], float]] = {
    "nps": lambda score: 100.0 * ((score > 8) - (score <= 6)),
    "csat": lambda score: float(score >= TOP_MIN),
    "ces": float,
}
"""What one answer adds to the mean that is the score of its measure."""


@dataclass(frozen=True, slots=True)
class MixCell:
    """Answers of one group by customers who share all levels: how many gave each score."""

    group: str
    levels: tuple[str, ...]
    counts: Mapping[float, float]


@dataclass(frozen=True, slots=True)
class FairGroup:
    """One group, in units of the measure; all but `raw` and the counts None below `ANSWERS_MIN`.

    `expected` is what the whole would have got with this group's customers, `adjusted` what the group
    would have got with the customers of the whole, with 95 % bounds; `best_guess` is that drawn to the
    whole. `limits` are the funnel's inner and outer bounds for a group of this size that is like all.
    """

    key: str
    raw: Score
    people: float
    expected: float | None = None
    adjusted: float | None = None
    low: float | None = None
    high: float | None = None
    best_guess: float | None = None
    limits: tuple[float, float, float, float] | None = None
    p_adjusted: float | None = None
    verdict: Verdict = "too_few"


@dataclass(frozen=True, slots=True)
class FairComparison:
    """All groups and whether they can be told apart at all.

    `overall` is the mean over all answers, `deviation` that of single answers within groups, in units
    of the measure; `p_value` the chance of as much spread among equal groups (None for fewer than two
    known groups, and where all answers of each are alike); `beyond_chance` the share of the spread,
    from 0 to 1, that is more than chance (I squared); `between` the standard deviation among groups;
    `explained` the share of the variance within groups that the mix explains. All but `overall` are
    None where nothing could be compared: then there is nothing to say, which is not nought.
    """

    groups: tuple[FairGroup, ...]
    overall: float | None = None
    deviation: float | None = None
    p_value: float | None = None
    beyond_chance: float | None = None
    between: float | None = None
    explained: float | None = None

    @property
    def is_apart(self) -> bool:
        """Whether the data can tell the groups apart."""
        return self.p_value is not None and self.p_value < EVIDENCE


@dataclass(frozen=True)
class _Fit:
    """Answers, means and mixes of the groups in their order, and the effects of the mix."""

    sizes: Any
    means: Any
    mixes: Any
    effects: Any
    covariance: Any
    variance: float
    explained: float

    @property
    def overall(self) -> float:
        return float(self.sizes @ self.means / self.sizes.sum())

    @property
    def apart(self) -> Any:
        """How far the mix of each group lies from that of all."""
        return self.mixes - self.sizes @ self.mixes / self.sizes.sum()

    @property
    def shifts(self) -> Any:
        """What the mix of each group does to its score."""
        return self.apart @ self.effects

    def errors(self, worth: Any) -> Any:
        """The standard error of each adjusted score: chance, and doubt about the effects."""
        import numpy as np

        doubt = np.einsum("gi,ij,gj->g", self.apart, self.covariance, self.apart)
        return np.sqrt(self.variance / worth + doubt)


def fair_comparison(
    cells: Sequence[MixCell], people: Mapping[str, float], measure: str
) -> FairComparison:
    """Groups as answered and adjusted for their customers, held against chance.

    `people` says how many answered in each group: answers of one person resemble each other, so
    bounds are those of as many answers as there are people. Groups come in the order of their keys.

    >>> old, young = {10.0: 80, 3.0: 20}, {10.0: 20, 3.0: 80}
    >>> def cells(*counts): return [
    ...     MixCell(group, (level,), {score: n * times for score, n in said.items()})
    ...     for group, level, said, times in counts]
    >>> told = fair_comparison(cells(("a", "old", old, 4), ("a", "young", young, 1),
    ...     ("b", "old", old, 1), ("b", "young", young, 4)), {"a": 500, "b": 500}, "nps")
    >>> [round(one.raw.value) for one in told.groups], [round(one.adjusted) for one in told.groups]
    ([36, -36], [0, 0])
    >>> told.is_apart, [one.verdict for one in told.groups]
    (False, ['no_evidence', 'no_evidence'])
    """
    raws = _raws(cells, measure)
    keys = sorted(raws)
    known = [at for at, key in enumerate(keys) if people.get(key, 0) >= ANSWERS_MIN]
    groups = [FairGroup(key, raws[key], people.get(key, 0)) for key in keys]
    if not groups:
        return FairComparison(())
    fit = _fitted(cells, keys, VALUES[measure])
    if len(known) < GROUPS_MIN or fit.variance <= 0:
        return FairComparison(tuple(groups), overall=fit.overall)
    spread = _judge(groups, fit, known, measure)
    return FairComparison(
        tuple(groups),
        overall=fit.overall,
        deviation=math.sqrt(fit.variance),
        p_value=spread.p_value,
        beyond_chance=spread.beyond_chance,
        between=math.sqrt(spread.between),
        explained=fit.explained,
    )


def _judge(groups: list[FairGroup], fit: _Fit, known: Sequence[int], measure: str) -> "_Spread":
    """Fill in what may be said of the known groups; how far they lie apart."""
    import numpy as np

    worth = np.array([min(one.people, size) for one, size in zip(groups, fit.sizes, strict=True)])
    errors, adjusted = fit.errors(np.maximum(worth, 1.0)), fit.means - fit.shifts
    spread = _spread(adjusted[known], errors[known])
    p_values = _chances(fit, adjusted, errors, known)
    for at, p_value in zip(known, p_values, strict=True):
        above = float(adjusted[at]) - fit.overall
        value, low, high = _bounds(measure, float(adjusted[at]), float(errors[at]))
        groups[at] = replace(
            groups[at],
            expected=fit.overall + float(fit.shifts[at]),
            adjusted=value,
            low=low,
            high=high,
            best_guess=spread.drawn(float(adjusted[at]), float(errors[at])),
            limits=_limits(measure, fit.overall, math.sqrt(fit.variance / worth[at])),
            p_adjusted=p_value,
            verdict="no_evidence" if p_value >= EVIDENCE else "higher" if above > 0 else "lower",
        )
    return spread


def _chances(fit: _Fit, adjusted: Any, errors: Any, known: Sequence[int]) -> list[float]:
    """The adjusted p-value of each known group against the whole, of which it is a part itself."""
    own = 1 - fit.sizes / fit.sizes.sum()
    apart = (adjusted - fit.overall) / (errors * own**0.5)
    return benjamini_hochberg([two_sided_p(float(apart[at])) for at in known])


BOUNDS: dict[str, tuple[float, float]] = {"nps": (-100, 100), "csat": (0, 1), "ces": (1, 7)}


def _bounds(measure: str, value: float, error: float) -> tuple[float, float, float]:
    """A value with its 95 % bounds, within the scale."""
    half = z_for(0.95) * error
    a, b, c = (_within(measure, one) for one in (value, value - half, value + half))
    return a, b, c


def _limits(measure: str, overall: float, error: float) -> tuple[float, float, float, float]:
    inner, outer = z_for(0.95) * error, z_for(OUTER_LIMIT) * error
    found = [overall - outer, overall - inner, overall + inner, overall + outer]
    a, b, c, d = (_within(measure, one) for one in found)
    return a, b, c, d


def _within(measure: str, value: float) -> float:
    low, high = BOUNDS[measure]
    return min(high, max(low, value))


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far groups lie apart beyond chance: the variance `between` them around their `middle`."""

    middle: float
    between: float
    p_value: float
    beyond_chance: float

    def drawn(self, value: float, error: float) -> float:
        """A group's value drawn to the middle by the share of it that chance explains."""
        return self.middle + self.between / (self.between + error**2) * (value - self.middle)


def _spread(values: Any, errors: Any) -> _Spread:
    from scipy.special import chdtrc

    weights = 1 / errors**2
    middle = float(weights @ values / weights.sum())
    heterogeneity, degrees = float(weights @ (values - middle) ** 2), len(values) - 1
    more = max(0.0, heterogeneity - degrees)
    between = more / float(weights.sum() - (weights**2).sum() / weights.sum())
    again = 1 / (errors**2 + between)
    return _Spread(
        float(again @ values / again.sum()),
        between,
        float(chdtrc(degrees, heterogeneity)),
        more / heterogeneity if heterogeneity > 0 else 0.0,
    )


def _raws(cells: Sequence[MixCell], measure: str) -> dict[str, Score]:
    """The score of each group as it was answered."""
    counts: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for cell in cells:
        for score, count in cell.counts.items():
            counts[cell.group][score] += count
    found = {key: Sample(measure, given).score() for key, given in counts.items()}
    return {key: score for key, score in found.items() if score is not None}


def _fitted(cells: Sequence[MixCell], keys: Sequence[str], value: Callable[[float], float]) -> _Fit:
    """The regression of values on the mix with an intercept for each group, from sums over cells."""
    import numpy as np

    design = _design(cells)
    places = {key: at for at, key in enumerate(keys)}
    group = np.array([places[cell.group] for cell in cells])
    counts = np.array([float(sum(cell.counts.values())) for cell in cells])
    sums, squares = (
        np.array(
            [
                float(sum(count * value(score) ** power for score, count in cell.counts.items()))
                for cell in cells
            ]
        )
        for power in (1, 2)
    )
    sizes = np.bincount(group, counts, len(keys))
    means = np.bincount(group, sums, len(keys)) / sizes
    mixes = np.zeros((len(keys), design.shape[1]))
    np.add.at(mixes, group, counts[:, None] * design)
    mixes /= sizes[:, None]
    inner = design - mixes[group]
    cross = inner.T @ (counts[:, None] * inner)
    held = np.linalg.inv(cross + RIDGE * np.eye(design.shape[1]))
    along = inner.T @ sums
    effects = held @ along
    total = float(squares.sum() - sizes @ means**2)
    left = max(0.0, total - float(2 * effects @ along - effects @ cross @ effects))
    degrees = max(1.0, float(sizes.sum()) - len(keys) - design.shape[1])
    variance = left / degrees
    return _Fit(
        sizes,
        means,
        mixes,
        effects,
        variance * held @ cross @ held,
        variance,
        1 - left / total if total > 0 else 0.0,
    )


def _design(cells: Sequence[MixCell]) -> Any:
    """A column for each level of each attribute but its first; none where all are alike."""
    import numpy as np

    columns = []
    for at in range(len(cells[0].levels)):
        levels = sorted({cell.levels[at] for cell in cells})
        columns += [[float(cell.levels[at] == level) for cell in cells] for level in levels[1:]]
    return np.array(columns).T if columns else np.zeros((len(cells), 0))
