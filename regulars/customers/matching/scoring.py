"""How surely two records are one person, with every reason."""

from dataclasses import dataclass
from math import exp2, log2

from regulars.customers.matching.comparisons import COMPARISONS, Compared
from regulars.customers.matching.model import Model
from regulars.customers.matching.traits import Traits

MERGE_FROM = 0.9
"""Pairs at least so probable are merged."""

REVIEW_FROM = 0.3
"""Pairs at least so probable, and not merged, are doubtful: a person decides."""

HOUSEHOLD = "household"


@dataclass(frozen=True, slots=True)
class Step:
    """One reason: a field, how near its values are in words, and its weight in bits.

    Three bits make the pair eight times as probable, minus three eight times as improbable.
    """

    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """How probable it is that two records are one person: `probability` from `weight` in bits.

    `steps` add up to `weight`: the first is how rare matches are at all, the last, where it is
    there, that a household explains the pair as well.
    """

    probability: float
    weight: float
    steps: tuple[Step, ...]


def compare(left: Traits, right: Traits, model: Model) -> Comparison:
    """The comparison of two records; the same whichever comes first."""
    steps = [Step("start", "any two records", _bits(model.match_rate))]
    household = _bits(model.household_rate)
    for compared in COMPARISONS:
        index = compared.level(left, right)
        if index >= 0:
            step = _step(compared, index, left, model)
            steps.append(step)
            household += step.weight if compared.shared else 0.0
    weight = sum(step.weight for step in steps)
    share = log2(1 + exp2(min(household, 1_000.0)))
    if share > 1e-9:
        steps.append(Step(HOUSEHOLD, "two people of one household would agree as well", -share))
    return Comparison(probability_of(weight - share), weight - share, tuple(steps))


def _step(compared: Compared, index: int, left: Traits, model: Model) -> Step:
    name = compared.level_name(index)
    if index < len(compared.levels) and (rare := compared.levels[index].rare):
        same = model.chances[compared.name][name].same
        return Step(compared.name, name, log2(same / model.share(rare, getattr(left, rare))))
    return Step(compared.name, name, model.weights[compared.name][name])


def probability_of(weight: float) -> float:
    """The probability of odds in bits.

    >>> probability_of(0), round(probability_of(10), 4)
    (0.5, 0.999)
    """
    return 1 / (1 + exp2(min(-weight, 1_000.0)))


def _bits(rate: float) -> float:
    return log2(rate / (1 - rate))
