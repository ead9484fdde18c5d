"""Learning a model from the records themselves, without labels, by expectation maximisation.

Splink's way, with two changes. The chances among different people are counted on random pairs,
and what true matches among them add is taken out, so small data do not spoil them. The chances
among the same person are learnt on the union of all candidates at once, since the block keys
complement each other, with the earlier model as so many pairs seen before.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.customers.matching.comparisons import Compared
from regulars.customers.matching.model import Chances, Model
from regulars.customers.matching.pairs import measure_pairs, rare_fields
from regulars.customers.matching.tables import RECORDS
from regulars.customers.matching.traits import CONTENT_SQL

FREQUENT_MAX = 2_000
"""Frequent values of a field that a model keeps, of at least `FREQUENT_FROM` records."""
FREQUENT_FROM = 5

_BEFORE = 30.0
"""Pairs that the earlier model counts for in each comparison."""

_RANDOM_RECORDS = 800
_ROUNDS = 40
_LEAST = 1e-9

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Distinct patterns of levels with how many pairs show them."""

    patterns: NDArray[np.int64]
    counts: Floats
    levels: NDArray[np.int64]
    """One row a pattern, one column a comparison; -1 for unknown."""

    @classmethod
    def of(
        cls, connection: duckdb.DuckDBPyConnection, table: str, compared: tuple[Compared, ...]
    ) -> "Patterns":
        """The patterns of a table of pairs."""
        found = connection.execute(
            f"SELECT pattern, count(*) AS pairs FROM {table} GROUP BY pattern ORDER BY pattern"
        ).fetchnumpy()
        patterns = np.asarray(found["pattern"], dtype=np.int64)
        places = 3 * np.arange(len(compared))
        levels = (patterns[:, None] >> places[None, :] & 7) - 1
        return cls(patterns, np.asarray(found["pairs"], dtype=np.float64), levels)


def learn_frequencies(
    connection: duckdb.DuckDBPyConnection, compared: Iterable[Compared]
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Shares of the frequent values of each field, and of each other value."""
    frequencies: dict[str, dict[str, float]] = {}
    rare: dict[str, float] = {}
    for field in rare_fields(compared):
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE counted AS
            SELECT {field} AS value, count(*) AS records FROM {RECORDS}
            WHERE {field} IS NOT NULL GROUP BY ALL
        """)
        row = connection.execute("SELECT sum(records), count(*) FROM counted").fetchone()
        if row is None or not row[1]:
            continue
        total, values = float(row[0]), float(row[1])
        frequent = connection.execute(
            f"SELECT value, records FROM counted WHERE records >= {FREQUENT_FROM}"
            f" ORDER BY records DESC, value LIMIT {FREQUENT_MAX}"
        ).fetchall()
        rest = total - sum(count for _, count in frequent)
        frequencies[field] = {value: count / total for value, count in frequent}
        rare[field] = max(rest, 1.0) / max(values - len(frequent), 1.0) / total
    return frequencies, rare


@dataclass
class _Estimate:
    """Chances while they are learnt; `same[c][l]` of comparison c and level l."""

    match_rate: float
    household_rate: float
    same: list[Floats]
    other: list[Floats]


def learn_model(
    connection: duckdb.DuckDBPyConnection,
    compared: tuple[Compared, ...],
    *,
    before: Model,
    pairs: str,
    sampled: float,
    records: int,
    version: str,
) -> Model:
    """The model that explains the measured candidates of `pairs`, a share `sampled` of them all.

    `before` has the frequencies already; comparisons that these records cannot make keep its chances.
    """
    candidates = Patterns.of(connection, pairs, compared)
    among_random = _random_patterns(connection, compared)
    estimate = _Estimate(
        before.match_rate,
        before.household_rate,
        [_chances(before, one, "same") for one in compared],
        [_chances(before, one, "other") for one in compared],
    )
    prior = _Estimate(
        0.0,
        0.0,
        [same.copy() for same in estimate.same],
        [other.copy() for other in estimate.other],
    )
    all_pairs = records * (records - 1) / 2
    shared = np.array([one.shared for one in compared])
    for _ in range(_ROUNDS):
        _count_random(estimate, prior, among_random)
        match, household = responsibilities(estimate, candidates, shared)
        match, household = match * candidates.counts, household * candidates.counts
        earlier = estimate.match_rate
        estimate.match_rate = _rate(match.sum() / sampled, all_pairs)
        estimate.household_rate = _rate(household.sum() / sampled, all_pairs)
        for place, same in enumerate(prior.same):
            counted = _counted(candidates.levels[:, place], match, len(same))
            estimate.same[place] = (counted + _BEFORE * same) / (counted.sum() + _BEFORE)
        if abs(estimate.match_rate / earlier - 1) < 1e-4:
            break
    return _model_of(estimate, compared, before, version)


def _rate(pairs: float, all_pairs: float) -> float:
    return float(min(max(pairs, 0.01) / all_pairs, 0.5))


def _random_patterns(
    connection: duckdb.DuckDBPyConnection, compared: tuple[Compared, ...]
) -> Patterns:
    """Patterns among all pairs of some records, chosen by what they say and not by their place."""
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE chosen AS
        SELECT record FROM {RECORDS} ORDER BY md5({CONTENT_SQL}), record LIMIT {_RANDOM_RECORDS}
    """)
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE random_candidates AS
        SELECT a.record AS l, b.record AS r FROM chosen a JOIN chosen b ON a.record < b.record
    """)
    measure_pairs(connection, "random_candidates", compared, "random_pairs")
    return Patterns.of(connection, "random_pairs", compared)


def _chances(model: Model, compared: Compared, side: str) -> Floats:
    levels = model.chances[compared.name]
    return np.array([getattr(levels[name], side) for name in compared.names()])


def _counted(levels: NDArray[np.int64], weights: Floats, size: int) -> Floats:
    told = levels >= 0
    counted = np.bincount(levels[told], weights=weights[told], minlength=size)
    return counted.astype(np.float64)


def _count_random(estimate: _Estimate, prior: _Estimate, found: Patterns) -> None:
    """Chances among different people: what random pairs show, less the matches among them."""
    for place, other in enumerate(prior.other):
        counted = _counted(found.levels[:, place], found.counts, len(other))
        matches = counted.sum() * estimate.match_rate
        strangers = np.maximum(counted - matches * estimate.same[place], 0.0) + _BEFORE * other
        estimate.other[place] = strangers / strangers.sum()


def responsibilities(
    estimate: _Estimate, found: Patterns, shared: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """For each pattern the probability of one person, and of one household."""
    match = np.full(len(found.patterns), np.log(estimate.match_rate))
    household = np.full(len(found.patterns), np.log(estimate.household_rate))
    for place, (same, other) in enumerate(zip(estimate.same, estimate.other, strict=True)):
        weights = np.append(np.log(same / np.maximum(other, _LEAST)), 0.0)[found.levels[:, place]]
        match += weights
        household += weights * shared[place]
    top = np.maximum(np.maximum(match, household), 0.0)
    match, household = np.exp(match - top), np.exp(household - top)
    total = match + household + np.exp(-top)
    return match / total, household / total


def _model_of(
    estimate: _Estimate, compared: tuple[Compared, ...], before: Model, version: str
) -> Model:
    learnt = {
        one.name: {
            name: Chances(float(max(same, _LEAST)), float(max(other, _LEAST)))
            for name, same, other in zip(one.names(), same_all, other_all, strict=True)
        }
        for one, same_all, other_all in zip(compared, estimate.same, estimate.other, strict=True)
    }
    return replace(
        before,
        version=version,
        match_rate=estimate.match_rate,
        household_rate=estimate.household_rate,
        chances={**before.chances, **learnt},
    )
