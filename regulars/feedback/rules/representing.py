"""Answers made to stand for all customers: raking, response propensity, and who stayed silent.

The frame is known: every customer stands in the file with what is known of them. Customers are
counted in cells, one for each combination of levels (age, tier, how often they buy), and answers
are weighted so that they stand for the file. Two ways are computed side by side because each
errs differently: raking (Deming and Stephan 1940) fits the weighted answers to the margins of the
file, propensity weighting (Little 1986) divides by the modelled chance to answer. Neither can mend
what the file does not know: people who differ from those like them that answered.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.feedback.rules.comparing import Sample, benjamini_hochberg, difference
from regulars.feedback.rules.means import interval_from_moments
from regulars.feedback.rules.nps import NpsCounts, score_of_counts
from regulars.feedback.rules.proportions import wilson_interval
from regulars.feedback.rules.scores import Score
from regulars.feedback.rules.weights import kish

ANSWERS_MIN = 30
"""With fewer answers nothing can be said of how they stand for the rest."""

EFFECTIVE_MIN = 10
"""Weights that leave fewer even answers than this say nothing."""

WEIGHT_MAX = 5.0
"""No answer counts more than so many times the mean weight."""

ROUNDS = 200


@dataclass(frozen=True)
class Cell:
    """Customers who share all levels: how many there are, how many answered, and their scores.

    `levels` has one level for each attribute, in a fixed order; `counts` says how many answers
    gave each score. A person may answer more than once, so answers can outnumber responders.
    """

    levels: tuple[str, ...]
    people: int
    responders: int
    counts: Mapping[float, float]

    @property
    def answers(self) -> float:
        """All answers of the cell."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Level:
    """How one group of customers answered: its size, its rate with bounds, and against the rest.

    `p_value` is adjusted for all groups; None where the group or the rest is empty.
    """

    attribute: int
    level: str
    people: int
    responders: int
    rate: float
    low: float
    high: float
    apart: float
    p_value: float | None


@dataclass(frozen=True)
class Corrected:
    """A score three ways, and the band within which ways of weighting put it.

    `raking` and `propensity` are None where there is not enough data for them; `band` is then None
    too. `unreached` is the share of customers in levels that nobody answered from: no weight can
    stand for them.
    """

    raw: Score | None
    raking: Score | None
    propensity: Score | None
    band: tuple[float, float] | None
    unreached: float


def corrected(cells: Sequence[Cell], measure: str, *, confidence: float = 0.95) -> Corrected:
    """The score of a measure as it was answered, and as all customers would have answered."""
    raw = weighted_score(cells, [1.0] * len(cells), measure, confidence=confidence)
    everybody = range(len(cells[0].levels)) if cells else range(0)
    unreached = max((_unreached(cells, at) for at in everybody), default=0.0)
    if sum(cell.answers for cell in cells) < ANSWERS_MIN:
        return Corrected(raw, None, None, None, unreached)

    def scored(weights: Sequence[float]) -> Score | None:
        found = weighted_score(cells, weights, measure, confidence=confidence)
        return found if found and (found.effective or 0) >= EFFECTIVE_MIN else None

    raking = scored(raked(cells))
    propensity = scored(propensity_weights(cells))
    others = [scored(raked(cells, leave_out=at)) for at in everybody]
    values = [one.value for one in (raking, propensity, *others) if one is not None]
    band = (min(values), max(values)) if raking or propensity else None
    return Corrected(raw, raking, propensity, band, unreached)


def raked(cells: Sequence[Cell], *, leave_out: int | None = None) -> list[float]:
    """A weight for the answers of each cell, so that every margin is that of all customers.

    Levels without answers are left out of their margin. Weights have the mean 1 over answers and
    are trimmed at `WEIGHT_MAX`.

    >>> cells = [Cell(("young",), 80, 5, {9: 10}), Cell(("old",), 20, 5, {3: 30})]
    >>> [round(weight, 3) for weight in raked(cells)]
    [3.2, 0.267]
    """
    weights = [1.0 if cell.answers else 0.0 for cell in cells]
    attributes = [at for at in range(len(cells[0].levels)) if at != leave_out] if cells else []
    margins = {at: _margin(cells, at) for at in attributes}
    for _ in range(ROUNDS):
        before = list(weights)
        for at in attributes:
            totals: dict[str, float] = defaultdict(float)
            for cell, weight in zip(cells, weights, strict=True):
                totals[cell.levels[at]] += weight * cell.answers
            weights = [
                weight * margins[at][cell.levels[at]] / totals[cell.levels[at]] if weight else 0.0
                for cell, weight in zip(cells, weights, strict=True)
            ]
        if max((abs(a - b) for a, b in zip(weights, before, strict=True)), default=0) < 1e-9:
            break
    return _trimmed(cells, weights)


def propensity_weights(cells: Sequence[Cell], *, ridge: float = 1.0) -> list[float]:
    """A weight for the answers of each cell: one over the modelled chance to answer.

    The chance is a logistic regression on the main effects of all attributes, fitted to customers
    by iteratively reweighted least squares; a little ridge holds levels in which all or nobody
    answered. Weights have the mean 1 over answers and are trimmed at `WEIGHT_MAX`.
    """
    import numpy as np

    design = _design(cells)
    people = np.array([cell.people for cell in cells], dtype=float)
    hits = np.array([min(cell.responders, cell.people) for cell in cells], dtype=float)
    chances = _fitted(design, people, hits, ridge=ridge)
    weights = [
        1.0 / max(float(chance), 1e-9) if cell.answers else 0.0
        for cell, chance in zip(cells, chances, strict=True)
    ]
    # A person who answered twice stands for one customer.
    shared = [
        weight * min(1.0, cell.responders / cell.answers) if weight else 0.0
        for cell, weight in zip(cells, weights, strict=True)
    ]
    return _trimmed(cells, shared)


def weighted_score(
    cells: Sequence[Cell], weights: Sequence[float], measure: str, *, confidence: float = 0.95
) -> Score | None:
    """The score of weighted answers; its interval counts effective people (Kish 1965).

    Several answers of one person say less than those of several people, so a cell's weight is borne
    by at most as many as answered in it.

    >>> cells = [Cell(("a",), 9, 9, {10: 10}), Cell(("b",), 9, 9, {0: 10})]
    >>> score = weighted_score(cells, [1.5, 0.5], "nps")
    >>> round(score.value, 6), score.answers, round(score.effective, 6)
    (50.0, 20, 14.4)
    """
    borne = [
        (weight * cell.answers / bearers, bearers)
        for weight, cell in zip(weights, cells, strict=True)
        if (bearers := min(cell.answers, cell.responders))
    ]
    if not borne or not any(weight for weight, _ in borne):
        return None
    effective = kish(borne).ess
    total = sum(weight * answers for weight, answers in borne)
    counts: dict[float, float] = defaultdict(float)
    for weight, cell in zip(weights, cells, strict=True):
        for score, count in cell.counts.items():
            counts[score] += weight * count * effective / total
    found = _scored(Sample(measure, counts), effective, confidence=confidence)
    answers = round(sum(cell.answers for cell in cells))
    return Score(found.value, found.low, found.high, answers, effective=effective)


def silent(cells: Sequence[Cell], *, confidence: float = 0.95) -> list[Level]:
    """Each group of customers with the share that answered, the least first within an attribute."""
    found: list[Level] = []
    for at in range(len(cells[0].levels)) if cells else ():
        rows = _levels(cells, at, confidence=confidence)
        found += sorted(rows, key=lambda row: row.rate)
    known = [at for at, row in enumerate(found) if row.p_value is not None]
    adjusted = benjamini_hochberg([found[at].p_value or 0.0 for at in known])
    for at, p_value in zip(known, adjusted, strict=True):
        row = found[at]
        found[at] = Level(
            row.attribute, row.level, row.people, row.responders, row.rate, row.low, row.high,
            row.apart, p_value,
        )  # fmt: skip
    return found


def _levels(cells: Sequence[Cell], at: int, *, confidence: float) -> list[Level]:
    people: dict[str, int] = defaultdict(int)
    responders: dict[str, int] = defaultdict(int)
    for cell in cells:
        people[cell.levels[at]] += cell.people
        responders[cell.levels[at]] += min(cell.responders, cell.people)
    everybody, answered = sum(people.values()), sum(responders.values())
    rows = []
    for level, count in people.items():
        if not count:
            continue
        hits = responders[level]
        low, high = wilson_interval(hits, count, confidence=confidence)
        rest = _answering(answered - hits, everybody - count)
        apart = difference(_answering(hits, count), rest)
        rows.append(
            Level(
                at, level, count, hits, hits / count, low, high,
                apart.value if apart else 0.0, apart.p_value if apart else None,
            )
        )  # fmt: skip
    return rows


def _answering(hits: int, people: int) -> Sample:
    """Who answered among people, as shares that can be compared."""
    return Sample("csat", {5: hits, 1: people - hits})


def _scored(sample: Sample, effective: float, *, confidence: float) -> Score:
    """The score of counts that add up to the effective answers; no count need be whole."""
    if sample.measure == "nps":
        found = score_of_counts(NpsCounts(*_parts(sample.nps_counts)), confidence=confidence)
        assert found is not None, "there are effective answers"
        return found
    if sample.measure == "csat":
        tops = min(sample.tops, effective)
        low, high = wilson_interval(tops, effective, confidence=confidence)
        return Score(tops / effective, low, high, round(effective))
    size = math.floor(effective)
    told = interval_from_moments(
        sample.mean, deviation=math.sqrt(sample.variance), size=size, confidence=confidence
    )
    return Score(told.mean, told.low, told.high, size)


def _parts(counts: NpsCounts) -> tuple[float, float, float]:
    return counts.detractors, counts.passives, counts.promoters


def _unreached(cells: Sequence[Cell], at: int) -> float:
    """The share of customers in levels of one attribute from which nobody answered."""
    people: dict[str, int] = defaultdict(int)
    reached: set[str] = set()
    for cell in cells:
        people[cell.levels[at]] += cell.people
        if cell.answers:
            reached.add(cell.levels[at])
    whole = sum(people.values())
    return sum(count for level, count in people.items() if level not in reached) / (whole or 1)


def _margin(cells: Sequence[Cell], at: int) -> dict[str, float]:
    """The share of each level that can be reached, among customers of such levels."""
    people: dict[str, float] = defaultdict(float)
    answers: dict[str, float] = defaultdict(float)
    for cell in cells:
        people[cell.levels[at]] += cell.people
        answers[cell.levels[at]] += cell.answers
    whole = sum(count for level, count in people.items() if answers[level])
    return {level: count / (whole or 1) for level, count in people.items()}


def _trimmed(cells: Sequence[Cell], weights: Sequence[float]) -> list[float]:
    """Weights with the mean 1 over answers, none above `WEIGHT_MAX`."""
    found = list(weights)
    for _ in range(20):
        found = _evened(cells, found)
        if max(found, default=0.0) <= WEIGHT_MAX * (1 + 1e-9):
            break
        found = [min(weight, WEIGHT_MAX) for weight in found]
    return found


def _evened(cells: Sequence[Cell], weights: Sequence[float]) -> list[float]:
    answers = sum(cell.answers for cell in cells)
    total = sum(weight * cell.answers for weight, cell in zip(weights, cells, strict=True))
    return [weight * answers / total if total else weight for weight in weights]


def _design(cells: Sequence[Cell]) -> Any:
    """A column of ones, and one for each level of each attribute but its first."""
    import numpy as np

    columns = [np.ones(len(cells))]
    for at in range(len(cells[0].levels)) if cells else ():
        levels = sorted({cell.levels[at] for cell in cells})
        columns += [
            np.array([float(cell.levels[at] == level) for cell in cells]) for level in levels[1:]
        ]
    return np.column_stack(columns)


def _fitted(design: Any, people: Any, hits: Any, *, ridge: float) -> Any:
    """The fitted chance of each cell, by Newton's steps on the penalised likelihood."""
    import numpy as np

    penalty = ridge * np.eye(design.shape[1])
    penalty[0, 0] = 1e-9
    effects = np.zeros(design.shape[1])
    for _ in range(50):
        chances = 1 / (1 + np.exp(-np.clip(design @ effects, -30, 30)))
        weights = people * chances * (1 - chances)
        slope = design.T @ (hits - people * chances) - penalty @ effects
        step = np.linalg.solve(design.T @ (weights[:, None] * design) + penalty, slope)
        effects = effects + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return 1 / (1 + np.exp(-np.clip(design @ effects, -30, 30)))
