"""Key drivers: how much each other rating of a survey has to do with the one that is measured.

Relative weights of Johnson (2000, Multivariate Behavioral Research 35): the ratings are turned to
uncorrelated ones nearest to them, the measure is regressed on those, and what each explains is
given back to the ratings in proportion. The weights are never negative and add up to R squared,
whatever the ratings have in common. They tell what goes together with the measure, not what causes
it. Intervals are percentiles over resampled respondents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regulars.feedback.rules.means import MeanInterval, interval_from_moments

RESPONDENTS_MIN = 50
"""With fewer complete respondents nothing is said."""

PER_DRIVER_MIN = 10
"""So many respondents it takes for each rating that is looked at."""

ANSWERED_MIN = 0.5
"""A rating that fewer than this share of respondents gave is left out, by name."""

RESAMPLES = 400
SEED = 20_000


@dataclass(frozen=True, slots=True)
class Driver:
    """One rating: its share of what all explain (0 to 1) with bounds, and how well it is rated.

    `performance` is the mean of the rating as a share of its scale, from 0 to 1, with its t interval.
    """

    name: str
    importance: float
    low: float
    high: float
    performance: MeanInterval


@dataclass(frozen=True, slots=True)
class Drivers:
    """Drivers, the weightiest first; `explained` is R squared with its bounds.

    `reason` says why there are none: empty, `too_few`, `nothing_to_explain` (no other rating, or
    everybody gave the measure the same score) or `unrelated` (nothing explains it beyond chance).
    """

    drivers: tuple[Driver, ...]
    explained: tuple[float, float, float] | None
    respondents: int
    left_out: tuple[str, ...]
    reason: str = ""


def key_drivers(target: Sequence[float], ratings: Mapping[str, Sequence[float | None]]) -> Drivers:
    """The relative weights of ratings for a target, over respondents who gave all of them.

    Ratings are shares of their scales, from 0 to 1; None where a respondent skipped one.

    >>> key_drivers([0.5] * 9, {"speed": [0.1] * 9}).reason
    'too_few'
    """
    import numpy as np

    kept, left_out = _usable(ratings, len(target))
    columns = [np.array([np.nan if v is None else v for v in ratings[n]], float) for n in kept]
    if not columns:
        return Drivers((), None, len(target), left_out, "nothing_to_explain")
    table = np.column_stack([*columns, np.array(target, float)])
    whole = table[~np.isnan(table).any(axis=1)]
    varying = [at for at in range(len(kept)) if len(whole) and np.ptp(whole[:, at]) > 0]
    left_out += tuple(name for at, name in enumerate(kept) if at not in varying)
    count = len(whole)
    if count < max(RESPONDENTS_MIN, PER_DRIVER_MIN * len(kept)):
        return Drivers((), None, count, left_out, "too_few")
    if not varying or np.ptp(whole[:, -1]) == 0:
        return Drivers((), None, count, left_out, "nothing_to_explain")
    names = [kept[at] for at in varying]
    return _weighed(whole[:, [*varying, -1]], names, left_out)


def _weighed(table: Any, names: Sequence[str], left_out: tuple[str, ...]) -> Drivers:
    import numpy as np

    count = len(table)
    weights = relative_weights(table)
    chance = np.random.default_rng(SEED)
    drawn = [relative_weights(table[chance.integers(0, count, count)]) for _ in range(RESAMPLES)]
    sums = np.array([one.sum() for one in drawn])
    shares = np.array([one / one.sum() for one in drawn if one.sum() > 0])
    low, high = np.percentile(sums, [2.5, 97.5])
    explained = (float(weights.sum()), float(low), float(high))
    if _by_luck(table, chance) >= explained[0]:
        return Drivers((), explained, count, left_out, "unrelated")
    lows, highs = np.percentile(shares, [2.5, 97.5], axis=0)
    whole = weights.sum()
    found = [
        Driver(
            name,
            float(weights[at] / whole),
            float(lows[at]),
            float(highs[at]),
            _performance(table[:, at]),
        )
        for at, name in enumerate(names)
    ]
    ordered = tuple(sorted(found, key=lambda one: -one.importance))
    return Drivers(ordered, explained, count, left_out)


def relative_weights(table: Any) -> Any:
    """Johnson's weights of all columns but the last for the last one; they add up to R squared."""
    import numpy as np

    spread = table.std(axis=0)
    centred = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1)
    together = centred.T @ centred / len(table)
    among, with_target = together[:-1, :-1], together[:-1, -1]
    values, vectors = np.linalg.eigh(among)
    roots = np.sqrt(np.clip(values, 0, None))
    nearest = (vectors * roots) @ vectors.T
    inverse = (vectors * np.where(roots > 1e-6, 1 / np.maximum(roots, 1e-6), 0)) @ vectors.T
    return (nearest**2) @ (inverse @ with_target) ** 2


def _by_luck(table: Any, chance: Any) -> float:
    """What shuffled targets explain at most 95 times in 100."""
    import numpy as np

    shuffled = []
    for _ in range(100):
        copy = table.copy()
        chance.shuffle(copy[:, -1])
        shuffled.append(relative_weights(copy).sum())
    return float(np.percentile(shuffled, 95))


def _performance(column: Any) -> MeanInterval:
    return interval_from_moments(
        float(column.mean()), deviation=float(column.std(ddof=1)), size=len(column)
    )


def _usable(
    ratings: Mapping[str, Sequence[float | None]], count: int
) -> tuple[list[str], tuple[str, ...]]:
    """The ratings that enough respondents gave, and the others."""
    given = {name: sum(v is not None for v in column) for name, column in ratings.items()}
    kept = [name for name in ratings if given[name] >= ANSWERED_MIN * max(1, count)]
    return kept, tuple(name for name in ratings if name not in kept)
