"""Weights that make answers stand for the people who were not asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from regulars.feedback.rules.nps import NpsCounts
from regulars.feedback.rules.scores import NoAnswers

CONTRADICTED = "the margins contradict the empty cells of the table"


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
    size: float
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
    return WeightedNps(shares.points, shares.variance, design.deff, design.ess, se)


def raking(
    seed: Sequence[Sequence[float]],
    *,
    rows: Sequence[float],
    cols: Sequence[float],
    tolerance: float = 1e-9,
    rounds: int = 10_000,
) -> list[list[float]]:
    """The seed table fitted to both margins by iterative proportional fitting (Deming 1940).

    Raises ValueError when the margins have different totals, or when they cannot be reached because
    of cells that are zero.

    >>> raking([[1, 1], [1, 0]], rows=[1, 1], cols=[1, 1])
    [[0.0, 1.0], [1.0, 0.0]]
    """
    _check_margins(seed, rows=rows, cols=cols)
    told = {"rows": rows, "cols": cols}
    table = _fitted(seed, **told, tolerance=tolerance, rounds=rounds)
    if table is None:
        # A cell that is empty in every table with these margins tends to nothing ever more slowly.
        table = _fitted(_fillable(seed, **told), **told, tolerance=tolerance, rounds=rounds)
    if table is None:
        raise ValueError(CONTRADICTED)
    return table


def _fitted(
    seed: Sequence[Sequence[float]],
    *,
    rows: Sequence[float],
    cols: Sequence[float],
    tolerance: float,
    rounds: int,
) -> list[list[float]] | None:
    """The table scaled in turn to its rows and columns; None where that comes to no end."""
    table = [[float(cell) for cell in line] for line in seed]
    for _ in range(rounds):
        table = [_scaled(line, target) for line, target in zip(table, rows, strict=True)]
        columns = [list(column) for column in zip(*table, strict=True)]
        fitted = [_scaled(column, target) for column, target in zip(columns, cols, strict=True)]
        table = [list(line) for line in zip(*fitted, strict=True)]
        if _misfit(table, rows) <= tolerance * max(1.0, sum(rows)):
            return table
    return None


def _fillable(
    seed: Sequence[Sequence[float]], *, rows: Sequence[float], cols: Sequence[float]
) -> list[list[float]]:
    """The seed without the cells that are empty in every table with these margins.

    One linear program finds them: the margins may all be multiplied by one factor, and as many
    cells as possible hold one at least. Raises ValueError where there is no such table.
    """
    import numpy as np
    from scipy.optimize import linprog

    cells = [(i, j) for i, line in enumerate(seed) for j, cell in enumerate(line) if cell > 0]
    count, sides = len(cells), len(rows) + len(cols)
    # What stands in each cell, then what of it counts towards one, then the factor.
    margins, atmost = np.zeros((sides, 2 * count + 1)), np.zeros((count, 2 * count + 1))
    for at, (i, j) in enumerate(cells):
        margins[i, at] = margins[len(rows) + j, at] = 1.0
        atmost[at, at], atmost[at, count + at] = -1.0, 1.0
    margins[:, -1] = -np.array([*rows, *cols])
    found = linprog(
        np.array([0.0] * count + [-1.0] * count + [0.0]),
        A_eq=margins, b_eq=np.zeros(sides), A_ub=atmost, b_ub=np.zeros(count),
        bounds=[(0, None)] * count + [(0, 1)] * count + [(1, None)],
    )  # fmt: skip
    if not found.success:
        raise ValueError(CONTRADICTED)
    kept = {cell for at, cell in enumerate(cells) if found.x[count + at] > 0.5}
    return [
        [cell if (i, j) in kept else 0.0 for j, cell in enumerate(line)]
        for i, line in enumerate(seed)
    ]


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
