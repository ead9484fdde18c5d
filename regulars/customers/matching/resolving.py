"""A whole table of records resolved at once: normalise, block, compare, learn, score, cluster."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import log2
from time import perf_counter

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from regulars.customers.matching.clustering import clusters_of, ordered
from regulars.customers.matching.comparisons import Compared
from regulars.customers.matching.model import Model
from regulars.customers.matching.pairs import (
    PAIRS,
    add_rarities,
    comparisons_of,
    find_candidates,
    measure_pairs,
    rare_fields,
    told_fields,
)
from regulars.customers.matching.scoring import MERGE_FROM
from regulars.customers.matching.tables import RECORDS, normalise_table, put_table
from regulars.customers.matching.training import Patterns, learn_frequencies, learn_model
from regulars.customers.matching.traits import CONTENT_SQL
from regulars.customers.matching.twins import set_twins_aside

LEARN_FROM = 300
"""Records from which a model is learnt from them; fewer are scored by the given model."""

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resolved:
    """`clusters[record]` is the smallest record of each record's cluster; `edges` joined them.

    `seconds` are of each step.
    """

    clusters: Integers
    left: Integers
    right: Integers
    probability: Floats
    model: Model
    candidates: int
    seconds: Mapping[str, float]


def resolve_table(
    connection: duckdb.DuckDBPyConnection,
    columns: Iterable[str],
    *,
    model: Model,
    learn: bool = True,
) -> Resolved:
    """Resolve the table `raw`: `record` from 0 without gaps, and text columns named as our fields.

    With `learn`, `model` is where learning starts; its own chances hold where records are few.
    """
    watch = Watch()
    normalise_table(connection, columns)
    twins = set_twins_aside(connection)
    told = told_fields(connection)
    compared = comparisons_of(told)
    records = _number_of_records(connection)
    watch.lap("normalise")
    if not compared:
        return _all_alone(records, model, watch.seconds)
    learn = learn and records - len(twins.records) >= LEARN_FROM
    if learn:
        frequencies, rare = learn_frequencies(connection, compared)
        model = replace(model, frequencies=frequencies, rare=rare)
    add_rarities(connection, model, rare_fields(compared))
    candidates = find_candidates(connection, told)
    watch.lap("block")
    measure_pairs(connection, "candidates", compared, PAIRS)
    watch.lap("compare")
    if learn:
        model = learn_model(
            connection,
            compared,
            before=model,
            pairs=PAIRS,
            sampled=1.0,
            records=records - len(twins.records),
            version=f"{model.version}+{records}",
        )
    watch.lap("learn")
    left, right, probability = score_pairs(connection, compared, model, MERGE_FROM)
    watch.lap("score")
    clusters = partition_arrays(
        records, left, right, probability, contents=partial(_contents, connection)
    )
    watch.lap("cluster")
    return Resolved(
        twins.joined(clusters), left, right, probability, model, candidates, watch.seconds
    )


def _number_of_records(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT count(*) FROM raw").fetchone()
    return int(row[0]) if row else 0


def _all_alone(records: int, model: Model, seconds: Mapping[str, float]) -> Resolved:
    """What is found where nothing is told of anybody: no records, or placeholders only."""
    none = np.empty(0, dtype=np.int64)
    clusters = np.arange(records, dtype=np.int64)
    return Resolved(clusters, none, none, np.empty(0), model, candidates=0, seconds=seconds)


class Watch:
    """Keeps the `seconds` of each step of a work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = perf_counter()

    def lap(self, name: str) -> None:
        """Say that a step of this name has just ended."""
        at = perf_counter()
        self.seconds[name] = round(at - self._at, 3)
        self._at = at


def score_pairs(
    connection: duckdb.DuckDBPyConnection,
    compared: tuple[Compared, ...],
    model: Model,
    least: float,
) -> tuple[Integers, Integers, Floats]:
    """The measured pairs at least so probable: left, right, probability, in the order of pairs."""
    found = Patterns.of(connection, PAIRS, compared)
    weight, household = pattern_weights(found, compared, model)
    table = {
        "pattern": found.patterns.tolist(),
        "weight": weight.tolist(),
        "household": household.tolist(),
    }
    put_table(connection, "weights", table, pattern="BIGINT", weight="DOUBLE", household="DOUBLE")
    rows = connection.execute(f"""
        SELECT l, r, 1 / (1 + 2.0 ^ -(w - log2(1 + 2.0 ^ least(h, 1000)))) AS probability
        FROM (
            SELECT l, r, weight + rarity AS w, household + shared_rarity AS h
            FROM {PAIRS} JOIN weights USING (pattern)
        )
        WHERE probability >= {least} ORDER BY l, r
    """).fetchnumpy()
    return (
        np.asarray(rows["l"], dtype=np.int64),
        np.asarray(rows["r"], dtype=np.int64),
        np.asarray(rows["probability"], dtype=np.float64),
    )


def pattern_weights(
    found: Patterns, compared: tuple[Compared, ...], model: Model
) -> tuple[Floats, Floats]:
    """Bits for one person and for one household of each pattern, without the rarity of values."""
    weight = np.full(len(found.patterns), _bits(model.match_rate))
    household = np.full(len(found.patterns), _bits(model.household_rate))
    for place, one in enumerate(compared):
        bits = [0.0]
        for index, name in enumerate(one.names()):
            chances = model.chances[one.name][name]
            rare = index < len(one.levels) and one.levels[index].rare
            bits.append(log2(chances.same) if rare else log2(chances.same / chances.other))
        told = np.array(bits)[found.levels[:, place] + 1]
        weight += told
        household += told * one.shared
    return weight, household


def _bits(rate: float) -> float:
    return log2(rate / (1 - rate))


def partition_arrays(
    records: int,
    left: Integers,
    right: Integers,
    probability: Floats,
    *,
    contents: Callable[[list[int]], Mapping[int, str]],
) -> Integers:
    """`partition` for records 0 to `records` and distinct pairs, left < right, sorted.

    Groups in which all support each other need no search, and they are nearly all. In the others
    records are ordered by their `contents`, so the order of a file decides nothing.
    """
    leaders = np.arange(records, dtype=np.int64)
    if not len(left):
        return leaders
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(records, records))
    _, group = connected_components(graph, directed=False)
    np.minimum.at(first := np.full(group.max() + 1, records, dtype=np.int64), group, leaders)
    sizes = np.bincount(group)
    edges = np.bincount(group[left], minlength=len(sizes))
    loose = edges < sizes * (sizes - 1) // 2
    leaders = np.asarray(first[group], dtype=np.int64)
    odd = np.flatnonzero(loose[group[left]])
    if not len(odd):
        return leaders
    odd = odd[np.argsort(group[left[odd]], kind="stable")]
    bounds = np.flatnonzero(np.diff(group[left[odd]])) + 1
    told = contents(np.union1d(left[odd], right[odd]).tolist())
    for places in np.split(odd, bounds):
        pairs = zip(left[places].tolist(), right[places].tolist(), strict=True)
        weights = dict(zip(pairs, probability[places].tolist(), strict=True))
        for cluster in _clusters_by_content(weights, told):
            leaders[cluster] = min(cluster)
    return leaders


def _clusters_by_content(
    weights: Mapping[tuple[int, int], float], contents: Mapping[int, str]
) -> list[list[int]]:
    nodes = sorted({node for pair in weights for node in pair}, key=lambda n: (contents[n], n))
    place = {node: index for index, node in enumerate(nodes)}
    placed = {ordered(place[one], place[other]): weight for (one, other), weight in weights.items()}
    found = clusters_of(range(len(nodes)), placed, set())
    return [[nodes[index] for index in cluster] for cluster in found]


def _contents(connection: duckdb.DuckDBPyConnection, nodes: list[int]) -> dict[int, str]:
    rows = connection.execute(
        f"SELECT record, {CONTENT_SQL} FROM {RECORDS} WHERE record IN (SELECT unnest(?::INTEGER[]))",
        [nodes],
    )
    return dict(rows.fetchall())
