"""Weights that make answers stand for the people who were not asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from regulars.feedback.rules.nps import NpsCounts
from regulars.feedback.rules.scores import NoAnswers


@dataclass(frozen=True, slots=True)
class DesignEffect:
    """How much weighting costs (`deff`, 1 or more) and how many even answers remain (`ess`)."""

    deff: float
    ess: float


@dataclass(frozen=True, slots=True)
class WeightedNps:
    """A weighted score in points with unit variance, design effect and standard error."""

    nps: float
    variance: float
    deff: float
    ess: float
    se: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """A part of the population: its share there, and the size and mean of its sample.

    The mean is None where nobody of the part answered.
    """

    population_share: float
    size: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class PoststratifiedMean:
    """The mean as it was answered, and as the population would have answered."""

    raw_mean: float
    weighted_mean: float


def kish(weights: Sequence[tuple[float, float]]) -> DesignEffect:
    """Kish's design effect (1965) of weights given as (weight, how many answers bear it).

    >>> kish([(1, 80), (3, 20)])
    DesignEffect(deff=1.326..., ess=75.38...)
    """
    size = sum(count for _, count in weights)
    total = sum(weight * count for weight, count in weights)
    if any(weight < 0 for weight, _ in weights):
        raise ValueError("weights must not be negative")
    if size <= 0 or total <= 0:
        raise NoAnswers("no answers that weigh anything")
    squares = sum(weight * weight * count for weight, count in weights)
    deff = size * squares / total**2
    return DesignEffect(deff=deff, ess=size / deff)


def weighted_nps(groups: Sequence[tuple[float, NpsCounts]]) -> WeightedNps:
    """The score of groups of answers with a weight each; its error counts effective answers."""
    design = kish([(weight, counts.total) for weight, counts in groups])
    shares = NpsCounts(
        sum(weight * counts.detractors for weight, counts in groups),
        sum(weight * counts.passives for weight, counts in groups),
        sum(weight * counts.promoters for weight, counts in groups),
    )
    se = 100 * sqrt(max(0.0, shares.variance) / design.ess)
    return WeightedNps(100 * shares.mean, shares.variance, design.deff, design.ess, se)


def raking(
    seed: Sequence[Sequence[float]],
    *,
    rows: Sequence[float],
    cols: Sequence[float],
    tolerance: float = 1e-9,
    rounds: int = 10_000,
) -> list[list[float]]:
    """The seed table fitted to both margins by iterative proportional fitting (Deming 1940).

    Raises ValueError when the margins have different totals, or when a margin cannot be reached
    because its cells are all zero.
    """
    _check_margins(seed, rows=rows, cols=cols)
    table = [[float(cell) for cell in line] for line in seed]
    for _ in range(rounds):
        table = [_scaled(line, target) for line, target in zip(table, rows, strict=True)]
        columns = [list(column) for column in zip(*table, strict=True)]
        fitted = [_scaled(column, target) for column, target in zip(columns, cols, strict=True)]
        table = [list(line) for line in zip(*fitted, strict=True)]
        if _misfit(table, rows) <= tolerance * max(1.0, sum(rows)):
            return table
    raise ValueError("the margins contradict the empty cells of the table")


def poststratified_mean(strata: Sequence[Stratum]) -> PoststratifiedMean:
    """The raw mean of a sample, and the mean after each stratum gets its population share.

    Population shares are normalised over the strata that answered, so counts of people do as well,
    and a stratum of which nobody answered stands for nothing.
    """
    heard = [(one, one.mean) for one in strata if one.size > 0 and one.mean is not None]
    size = sum(stratum.size for stratum, _ in heard)
    population = sum(stratum.population_share for stratum, _ in heard)
    if size <= 0 or population <= 0:
        raise NoAnswers("strata need answers and population shares")
    raw = sum(stratum.size * mean for stratum, mean in heard) / size
    weighted = sum(stratum.population_share * mean for stratum, mean in heard) / population
    return PoststratifiedMean(raw_mean=raw, weighted_mean=weighted)


def _check_margins(
    seed: Sequence[Sequence[float]], *, rows: Sequence[float], cols: Sequence[float]
) -> None:
    if len(seed) != len(rows) or any(len(line) != len(cols) for line in seed):
        raise ValueError("the margins must have as many entries as the table has lines and columns")
    if abs(sum(rows) - sum(cols)) > 1e-6 * max(1.0, sum(rows)):
        raise ValueError("both margins must have the same total")


def _scaled(cells: Sequence[float], target: float) -> list[float]:
    total = sum(cells)
    if total == 0 and target > 0:
        raise ValueError("a margin cannot be reached: all its cells are zero")
    factor = target / total if total else 0.0
    return [cell * factor for cell in cells]


def _misfit(table: Sequence[Sequence[float]], rows: Sequence[float]) -> float:
    return max(abs(sum(line) - target) for line, target in zip(table, rows, strict=True))
