"""Whether records are one person: keys, scores, clusters."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from regulars.customers.matching import (
    MERGE_FROM,
    Edge,
    Model,
    block_keys,
    compare,
    default_model,
    partition,
    traits_of,
)

ANN = {"name": "Ann Cooper", "birthday": "1988-04-07", "phone": "+44 20 7946 0018", "city": "Leeds"}


def test_a_typo_and_a_missing_field_do_not_hide_a_person() -> None:
    other = {"first_name": "Ann", "last_name": "Coper", "dob": "07.04.1988", "town": "Leeds"}
    found = compare(traits_of(ANN), traits_of(other), default_model())
    assert found.probability > MERGE_FROM
    assert set(block_keys(traits_of(ANN))) & set(block_keys(traits_of(other)))


def test_a_household_is_not_one_person() -> None:
    husband = ANN | {"name": "Peter Cooper", "birthday": "1985-11-30"}
    found = compare(traits_of(ANN), traits_of(husband), default_model())
    assert found.probability < 0.01
    assert found.steps[-1].field == "household"


def test_steps_add_up_and_sides_do_not_matter() -> None:
    left, right = traits_of(ANN), traits_of(ANN | {"name": "Annie Kupper", "city": None})
    found = compare(left, right, default_model())
    assert abs(sum(step.weight for step in found.steps) - found.weight) < 1e-9
    assert compare(right, left, default_model()).weight == found.weight


def test_a_model_survives_json() -> None:
    model = default_model()
    assert Model.from_json(model.to_json()) == model


def test_a_false_bridge_does_not_join_two_people() -> None:
    one = [Edge(a, b, 0.99) for a in range(4) for b in range(a)]
    other = [Edge(a, b, 0.99) for a in range(10, 14) for b in range(10, a)]
    clusters = partition(range(14), [*one, *other, Edge(0, 10, 0.95)])
    assert {clusters[n] for n in range(4)} == {0}
    assert {clusters[n] for n in range(10, 14)} == {10}


NODES = st.integers(0, 14)
EDGES = st.lists(st.builds(Edge, NODES, NODES, st.floats(0.8, 1)), max_size=40)
PAIRS = st.lists(st.tuples(NODES, NODES).filter(lambda pair: pair[0] != pair[1]), max_size=6)


@given(EDGES, PAIRS, st.integers())
def test_a_partition_is_equal_for_every_order(
    edges: list[Edge], cannot: list[tuple[int, int]], seed: int
) -> None:
    expected = partition(range(15), edges, cannot)
    random = Random(seed)
    turned = [Edge(e.right, e.left, e.probability) if random.random() < 0.5 else e for e in edges]
    random.shuffle(turned)
    mixed = random.sample(range(15), 15)
    assert partition(mixed, turned, [(b, a) for a, b in reversed(cannot)]) == expected
    assert all(expected[a] != expected[b] for a, b in cannot)
    assert all(expected[leader] == leader <= node for node, leader in expected.items())
