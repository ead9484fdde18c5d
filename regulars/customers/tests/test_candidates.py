"""The database and a batch compare the same records."""

from collections import Counter
from importlib import import_module
from random import Random

import duckdb
import pytest
from django.apps import apps
from django.db import connection

from regulars.customers.actions import ProfileInput, learn_customers
from regulars.customers.actions.comparing import candidates_of
from regulars.customers.actions.resolving import resolve_due
from regulars.customers.matching import Traits, block_keys
from regulars.customers.matching.blocking import BLOCK_MAX, WEAK_MAX, block_max
from regulars.customers.matching.clustering import ordered
from regulars.customers.matching.pairs import find_candidates, told_fields
from regulars.customers.matching.tables import normalise_table, put_table
from regulars.customers.models import BlockKey, Comparable
from tests import make

pytestmark = pytest.mark.django_db

PEOPLE = 150


@pytest.fixture
def told() -> list[dict[str, str]]:
    """People of few names, days and towns, so that blocks of every size come about."""
    random = Random(5)

    def some(*values: str) -> str:
        return random.choice((*values, ""))

    return [
        {
            "name": f"{random.choice(('Ann', 'Bob', 'Cid', 'Dan', 'Eve'))} "
            f"{random.choice(('Cooper', 'Baker', 'Mason', 'Turner', 'Webb', 'Ford'))}",
            "birthday": some(*(f"19{y}-0{m}-1{m}" for y in (70, 81, 92) for m in range(1, 9))),
            "city": some("Leeds", "York", "Hull"),
            "postcode": some(*(f"LS{n} 1AA" for n in range(6))),
        }
        for _ in range(PEOPLE)
    ]


def learn(told: list[dict[str, str]]) -> dict[int, Traits]:
    """Learn them in pieces, as they would come; gives the traits of each in the same order."""
    ids: list[int] = []
    for start in range(0, len(told), 40):
        piece = told[start : start + 40]
        batch = [ProfileInput(f"p{start + n}", one) for n, one in enumerate(piece)]
        ids += [one.customer_id for one in learn_customers(batch, source="crm", now=make.NOW)]
        resolve_due(now=make.NOW)
    kept = dict(Comparable.objects.values_list("customer_id", "traits"))
    return {id_: Traits(**kept[id_]) for id_ in ids}


def pairs_of_a_batch(told: list[dict[str, str]]) -> set[tuple[int, int]]:
    with duckdb.connect() as batch:
        columns = {name: [one[name] or None for one in told] for name in told[0]}
        put_table(batch, "said", columns)
        batch.execute("CREATE TABLE raw AS SELECT (rowid)::INTEGER AS record, * FROM said")
        normalise_table(batch, columns)
        find_candidates(batch, told_fields(batch))
        return set(batch.execute("SELECT l, r FROM candidates").fetchall())


def test_the_database_and_a_batch_compare_the_same_pairs(told) -> None:
    traits = learn(told)
    sizes = Counter(key for one in traits.values() for key in block_keys(one))
    between = [key for key, size in sizes.items() if WEAK_MAX < size <= BLOCK_MAX]
    assert {block_max(key) for key in between} == {WEAK_MAX, BLOCK_MAX}

    place = {id_: number for number, id_ in enumerate(traits)}
    found = {ordered(place[left], place[right]) for left, right in candidates_of(traits)}
    assert found == pairs_of_a_batch(told)
    assert len(found) < PEOPLE * (PEOPLE - 1) // 2


def test_keys_hashed_anew_are_the_same_keys(told) -> None:
    traits = learn(told[:10])
    before = set(BlockKey.objects.values_list("customer_id", "key"))
    BlockKey.objects.filter(customer_id=min(traits)).delete()
    migration = import_module("regulars.customers.migrations.0012_keys_know_they_are_weak")
    connection.check_constraints()
    with connection.schema_editor(atomic=False) as editor:
        migration.hash_anew(apps, editor)
    assert set(BlockKey.objects.values_list("customer_id", "key")) == before
    assert Comparable.objects.filter(due=True).count() == len(traits)
