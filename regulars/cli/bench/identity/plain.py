"""Splink in the plain configuration of its own tutorials, on the same records, to compare with."""

import logging
import warnings
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.customers.matching.resolving import Watch

_ROUND = 0.9
"""Probability from which pairs are clustered, as in Splink's tutorials (0.9 to 0.95)."""


def plain_clusters(
    connection: duckdb.DuckDBPyConnection, fields: set[str]
) -> tuple[NDArray[Any], dict[str, float]]:
    """The cluster of each record of the table `raw` by plain Splink, and the seconds of each step.

    Comparisons of Splink's library for names, dates, e-mail and postcodes, ten blocking rules,
    chances by random sampling and expectation maximisation, connected components.
    """
    warnings.simplefilter("ignore")
    logging.getLogger("splink").setLevel(logging.ERROR)
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    watch = Watch()
    # Splink reads results half, which DuckDB 2 refuses where the connection still has one of ours.
    connection = connection.cursor()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        comparisons=_comparisons(fields),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in _rules(fields)],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    linker = Linker(DuckDBAPI(connection=connection).register("raw"), settings)
    watch.lap("prepare")
    training = linker.training
    strict: list[Any] = [block_on(*rule) for rule in _rules(fields)[:3]]
    training.estimate_probability_two_random_records_match(strict, recall=0.7)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in _training_rules(fields):
        training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    watch.lap("learn")
    pairs = linker.inference.predict(threshold_match_probability=_ROUND)
    watch.lap("score")
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=_ROUND
    )
    rows = connection.execute(
        f"SELECT cluster_id::BIGINT AS cluster_id FROM {found.physical_name} ORDER BY record"
    ).fetchnumpy()
    watch.lap("cluster")
    return np.asarray(rows["cluster_id"]), watch.seconds


def _comparisons(fields: set[str]) -> list[Any]:
    from splink import comparison_library as library

    exact = library.ExactMatch
    made = {
        "given": library.JaroWinklerAtThresholds("given", [0.92, 0.8]),
        "surname": library.JaroWinklerAtThresholds("surname", [0.92, 0.8]),
        "birthday": library.DamerauLevenshteinAtThresholds("birthday", [1, 2]),
        "email": library.JaroWinklerAtThresholds("email", [0.9]),
        "phone": library.LevenshteinAtThresholds("phone", [2]),
        "document": library.LevenshteinAtThresholds("document", [2]),
        "postcode": library.LevenshteinAtThresholds("postcode", [1, 2]),
        "street": library.JaroWinklerAtThresholds("street", [0.9]),
        "city": library.JaroWinklerAtThresholds("city", [0.9]),
        "birth_place": library.JaroWinklerAtThresholds("birth_place", [0.9]),
        "gender": exact("gender"),
        "occupation": exact("occupation"),
    }
    frequent = {"given", "surname", "city", "birth_place", "occupation"}
    return [
        comparison.configure(term_frequency_adjustments=True) if field in frequent else comparison
        for field, comparison in made.items()
        if field in fields
    ]


def _rules(fields: set[str]) -> list[tuple[str, ...]]:
    rules = [
        ("given", "surname", "birthday"),
        ("email",),
        ("phone",),
        ("document",),
        ("given", "surname"),
        ("given", "birthday"),
        ("surname", "birthday"),
        ("surname", "postcode"),
        ("given", "postcode"),
        ("birthday", "postcode"),
    ]
    return [rule for rule in rules if fields.issuperset(rule)]


def _training_rules(fields: set[str]) -> list[tuple[str, ...]]:
    rules = [("given", "surname"), ("birthday",)]
    return [rule for rule in rules if fields.issuperset(rule)]
