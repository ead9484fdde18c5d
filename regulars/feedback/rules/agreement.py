"""Whether two ways of coding agree: Krippendorff's alpha with its interval, Cohen's and Fleiss' kappa.

Alpha is one less the observed disagreement over that expected by chance (Krippendorff 2013, chapter 12):
1 is perfect, 0 what chance would give, below 0 worse than chance. It takes any number of coders, and
units that some did not code. Its interval is the percentile bootstrap over units, seeded.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

RESAMPLES = 1000
SEED = 20_261
UNITS_MIN = 20
"""With fewer units that two coders judged nothing is said."""

GOOD_MIN = 0.8
"""From here on codes may be relied upon; from `FAIR_MIN` on for tentative conclusions."""

FAIR_MIN = 0.667

Unit = Sequence[Hashable]
"""The values that coders gave one unit, without those that are missing."""

Distance = Callable[[Hashable, Hashable], float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Alpha with its 95 % bounds; `units` were judged by two coders or more.

    `value` is None for fewer than `UNITS_MIN` units, or where everybody always gave the same value:
    then nothing shows that they can tell values apart.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int


def nominal(one: Hashable, other: Hashable) -> float:
    """The distance of values that are the same or are not."""
    return float(one != other)


def masi(one: Hashable, other: Hashable) -> float:
    """The distance of two sets of codes (Passonneau 2006): 0 for the same, 1 for nothing in common.

    >>> round(masi(frozenset("ab"), frozenset("a")), 4), masi(frozenset(), frozenset())
    (0.6667, 0.0)
    """
    assert isinstance(one, frozenset)
    assert isinstance(other, frozenset)
    if one == other:
        return 0.0
    both = len(one & other)
    if not both:
        return 1.0
    alike = 2 / 3 if one <= other or other <= one else 1 / 3
    return 1 - both / len(one | other) * alike


def interval(one: Hashable, other: Hashable) -> float:
    """The distance of numbers: the square of their difference."""
    return (_number(one) - _number(other)) ** 2


def ratio(one: Hashable, other: Hashable) -> float:
    """The distance of numbers with a true zero: how much they differ for their size, squared."""
    total = _number(one) + _number(other)
    return ((_number(one) - _number(other)) / total) ** 2 if total else 0.0


def ordinal(units: Iterable[Unit]) -> Distance:
    """The distance of ranks, among the values of these units: how many lie between two, squared.

    >>> distance = ordinal([(1, 1), (2, 3), (3, 3)])
    >>> distance(1, 2), distance(1, 3)
    (2.25, 12.25)
    """
    whole = Counter(value for unit in units if len(unit) > 1 for value in unit)

    def distance(one: Hashable, other: Hashable) -> float:
        low, high = sorted((_number(one), _number(other)))
        between = sum(count for value, count in whole.items() if low <= _number(value) <= high)
        return float((between - (whole[one] + whole[other]) / 2) ** 2)

    return distance


def _number(value: Hashable) -> float:
    assert isinstance(value, int | float)
    return value


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with the shares of agreement it is made of.

    The kappa is None where chance alone gives 1, and all three where nothing was judged.
    """

    observed: float | None
    expected: float | None
    kappa: float | None


def cohen_kappa(table: Sequence[Sequence[int]]) -> Kappa:
    """Agreement of two coders beyond chance (Cohen 1960); one row for each category of the first.

    `table[i][j]` items were put into category i by the first coder, into j by the second. Raises
    ValueError for a table that is not square.

    >>> found = cohen_kappa([[20, 5], [10, 15]])
    >>> found.observed, found.expected, round(found.kappa, 4)
    (0.7, 0.5, 0.4)
    """
    size = sum(map(sum, table))
    if any(len(row) != len(table) for row in table):
        raise ValueError("the table is square")
    if not size:
        return Kappa(None, None, None)
    observed = sum(row[at] for at, row in enumerate(table)) / size
    columns = [sum(column) for column in zip(*table, strict=True)]
    by_chance = sum(first * second for first, second in zip(map(sum, table), columns, strict=True))
    expected = by_chance / size**2
    kappa = None if by_chance == size**2 else (observed - expected) / (1 - expected)
    return Kappa(observed, expected, kappa)


def confusion(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[list[int]]:
    """The table of two coders' labels, item by item; categories in the order they come.

    >>> confusion(["a", "b", "a"], ["a", "b", "b"])
    [[1, 1], [0, 1]]
    """
    place = {label: at for at, label in enumerate(dict.fromkeys([*first, *second]))}
    table = [[0] * len(place) for _ in place]
    for one, other in zip(first, second, strict=True):
        table[place[one]][place[other]] += 1
    return table


def fleiss_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Agreement of any number of raters beyond chance (Fleiss 1971).

    One row for each item with the number of raters who chose each category. None where chance alone
    gives 1, where there are no items, and where only one rater judged each. Raises ValueError where
    rows do not add up to the same number of raters.

    >>> round(fleiss_kappa([[2, 2], [2, 2], [2, 2]]), 4)
    -0.3333
    """
    raters = sum(table[0]) if table else 0
    if any(sum(row) != raters for row in table):
        raise ValueError("every item has the same number of raters")
    if raters < 2:
        return None
    pairs = sum(count * (count - 1) for row in table for count in row)
    observed = pairs / (len(table) * raters * (raters - 1))
    totals = [sum(column) for column in zip(*table, strict=True)]
    whole = len(table) * raters
    if whole in totals:
        return None
    expected: float = sum((total / whole) ** 2 for total in totals)
    return (observed - expected) / (1 - expected)


def krippendorff_alpha(units: Sequence[Unit], *, distance: Distance = nominal) -> float | None:
    """Alpha of units, each with the values coders gave it; None where all values are the same.

    >>> pairs = [(1, 1)] * 4 + [(2, 2)] * 3 + [(1, 2)] * 3
    >>> round(krippendorff_alpha(pairs), 4)
    0.4242
    """
    judged = [unit for unit in units if len(unit) > 1]
    whole = Counter(value for unit in judged for value in unit)
    count = sum(whole.values())
    if len(whole) < 2:
        return None
    observed = sum(_within(Counter(unit), distance) / (len(unit) - 1) for unit in judged) / count
    expected = _within(whole, distance) / (count * (count - 1))
    return 1 - observed / expected if expected else None


def _within(values: Counter[Hashable], distance: Distance) -> float:
    """The distances of all ordered pairs of values."""
    kinds = list(values.items())
    return sum(
        2 * times * others * distance(value, other)
        for at, (value, times) in enumerate(kinds)
        for other, others in kinds[at + 1 :]
    )


def agreement(units: Sequence[Unit], *, distance: Distance = nominal) -> Agreement:
    """Alpha with its bootstrap interval, or the number of units where they say too little.

    >>> agreement([("a", "a"), ("b", "b")]).value is None
    True
    """
    import numpy as np

    judged = [unit for unit in units if len(unit) > 1]
    value = krippendorff_alpha(judged, distance=distance)
    if len(judged) < UNITS_MIN or value is None:
        return Agreement(None, None, None, len(judged))
    kinds = Counter(tuple(unit) for unit in judged)
    shapes = list(kinds)
    shares = np.array(list(kinds.values())) / len(judged)
    drawn = np.random.default_rng(SEED).multinomial(len(judged), shares, size=RESAMPLES)
    found = sorted(
        one
        for counts in drawn
        if (one := _alpha_of_counts(shapes, counts.tolist(), distance)) is not None
    )
    low, high = np.percentile(found, [2.5, 97.5])
    return Agreement(value, float(low), float(high), len(judged))


def _alpha_of_counts(
    shapes: Sequence[Unit], counts: Sequence[int], distance: Distance
) -> float | None:
    """Alpha of units that come in few shapes, each so many times."""
    whole: Counter[Hashable] = Counter()
    observed = 0.0
    for shape, times in zip(shapes, counts, strict=True):
        if times:
            observed += times * _within(Counter(shape), distance) / (len(shape) - 1)
            for value in shape:
                whole[value] += times
    count = sum(whole.values())
    expected = _within(whole, distance) / (count * (count - 1))
    return 1 - observed / count / expected if expected else None
