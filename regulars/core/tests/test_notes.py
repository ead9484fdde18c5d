"""What programs name themselves: any JSON, compared as what it is, and by every engine alike."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ibis
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulars.core.conditions.clock import changes_at
from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.explaining import explained
from regulars.core.conditions.fields import Catalogue, FactKind, Field, OpenField, Seen
from regulars.core.conditions.forms import described_open
from regulars.core.conditions.notes import GAP, MARK, number_of, readable, sortable
from regulars.core.conditions.reading import parse
from regulars.core.conditions.sentences import sentence
from regulars.core.conditions.sets import matching
from regulars.core.conditions.tree import as_json, fields_of
from regulars.core.errors import Refused

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
OWN = OpenField("traits", "A trait", "Trait “%(key)s”", lambda: [Seen("plan", "text")])
EVENTS = Catalogue("event with properties")
EVENTS.add(Field("name", "text", "Name"))
EVENTS.add_open(OpenField("traits", "A property", "Property “%(key)s”", list))
PEOPLE = Catalogue("customer with traits")
PEOPLE.add_open(OWN)
PEOPLE.add_facts(FactKind("event", "Events", EVENTS))


def written(told: dict[str, Any]) -> str | None:
    """Notes as PostgreSQL writes them, for values that need no reading of dates with times."""
    entries = []
    for key, value in sorted(told.items()):
        letters = {"t": value} if isinstance(value, str) else {"o": ""}
        if isinstance(value, bool):
            letters = {"b": "yes" if value else "no"}
        elif isinstance(value, int | float):
            letters = {"n": sortable(value)}
        elif isinstance(value, date):
            letters = {"t": value.isoformat(), "d": value.isoformat()}
        entries += [f"{MARK}{key}{GAP}{letter}{text}" for letter, text in letters.items()]
    return "".join(entries) + MARK if entries else None


def trait(key: object, word: str, is_: str, *value: object) -> dict[str, Any]:
    return {"field": "traits", "key": key, "as": word, "is": is_} | (
        {"value": value[0]} if value else {}
    )


def is_true(raw: object, told: dict[str, Any]) -> bool:
    return holds(parse(raw, PEOPLE), {"traits": written(told)}, now=NOW)


@pytest.mark.parametrize(
    ("raw", "told", "expected"),
    [
        (trait("plan", "text", "equals", "gold"), {"plan": "gold", "planet": "x"}, True),
        (trait("plan", "text", "equals", "gold"), {"plan": "Gold"}, False),
        (trait("plan", "text", "contains", "OL"), {"plan": "gold"}, True),
        (trait("plan", "text", "equals", "2"), {"plan": 2}, False),
        (trait("plan", "text", "not_equals", "2"), {"plan": 2}, False),
        (trait("n", "number", "at_least", 2), {"n": 2.0}, True),
        (trait("n", "number", "at_least", 2), {"n": "2"}, False),
        (trait("n", "number", "at_least", 0), {"n": True}, False),
        (trait("n", "number", "more", 2**53), {"n": 2**53 + 1}, True),
        (trait("n", "number", "more", 0.3), {"n": 0.30000000000000004}, True),
        (trait("n", "number", "between", [-2, -1.5]), {"n": -1.75}, True),
        (trait("b", "boolean", "equals", False), {"b": False}, True),
        (trait("b", "boolean", "equals", True), {"b": "true"}, False),
        (trait("d", "date", "in_next_days", 5), {"d": date(2026, 3, 14)}, True),
        (trait("d", "date", "in_next_days", 5), {"d": date(2026, 3, 15)}, False),
        (trait("d", "date", "less", "2026-03-10"), {"d": "soon"}, False),
        ({"field": "traits", "key": "x", "is": "is_known"}, {"x": [1]}, True),
        ({"field": "traits", "key": "x", "is": "is_unknown"}, {"xx": 1}, True),
        ({"field": "traits", "key": "x", "is": "is_unknown"}, {}, True),
    ],
)
def test_a_value_is_compared_as_what_it_is(
    raw: object, told: dict[str, Any], expected: bool
) -> None:
    assert is_true(raw, told) is expected


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        (trait("", "text", "equals", "x"), "wrong_name", "key"),
        (trait("x" * 101, "text", "equals", "x"), "wrong_name", "key"),
        (trait("a\nb", "text", "equals", "x"), "wrong_name", "key"),
        (trait(f"a{GAP}b", "text", "equals", "x"), "wrong_name", "key"),
        (trait(7, "text", "equals", "x"), "wrong_name", "key"),
        (trait("x", "json", "equals", "x"), "wrong_type", "as"),
        ({"field": "traits", "key": "x", "is": "equals", "value": 1}, "wrong_type", "as"),
        (trait("x", "number", "equals", "1"), "wrong_value", "value"),
        (trait("x", "number", "equals", 10**400), "wrong_value", "value"),
        (trait("x", "number", "contains", "1"), "unknown_operator", "is"),
        (trait("x", "boolean", "equals", 1), "wrong_value", "value"),
        (trait("x", "date", "equals", "2026-02-30"), "wrong_value", "value"),
        ({"field": "traits", "is": "is_known"}, "wrong_name", "key"),
        (
            {"did": "event", "sum": {"of": "traits", "is": "more", "value": 1}},
            "unknown_field",
            "sum.of",
        ),
    ],
)
def test_odd_names_and_wrong_values_are_refused_by_path(raw: object, code: str, path: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(raw, PEOPLE)
    assert (refused.value.code, refused.value.field) == (code, path)


def test_it_says_what_it_asks_and_what_was_found() -> None:
    gold = trait("plan", "text", "equals", "gold")
    condition = parse({"all": [gold, {"field": "traits", "key": "x", "is": "is_known"}]}, PEOPLE)
    assert sentence(condition) == "Trait “plan” is “gold” and Trait “x” is set"
    assert fields_of(condition) == {"traits"}
    why = explained(condition, {"traits": written({"plan": 7, "x": [1]})}, now=NOW)
    assert [(part.truth, part.found) for part in why.parts] == [(None, 7), (True, "…")]
    shown = explained(parse(gold, PEOPLE), {"traits": written({"plan": "base"})}, now=NOW)
    assert (shown.truth, shown.found, shown.shown) == (False, "base", "“base”")
    rows = [{"id": 1, "at": NOW, "name": "A", "traits": written({"n": 1.5, "b": True})}]
    last = parse({"did": "event", "last": trait("n", "number", "more", 1)}, PEOPLE)
    found = explained(last, {"event": rows}, now=NOW)
    assert (found.truth, found.shown) == (True, "1.5")
    assert found.found["traits"] == {"b": True, "n": 1.5}
    (told,) = described_open(PEOPLE)
    assert told["seen"] == [{"key": "plan", "as": "text"}]
    assert "is set" in [one["label"] for one in told["as"]["number"]["operators"]]


def test_a_day_in_a_trait_or_property_moves_the_clock() -> None:
    soon = trait("d", "date", "in_next_days", 5)
    day = datetime(2026, 3, 12, tzinfo=UTC)
    record = {"traits": written({"d": date(2026, 3, 16)})}
    assert changes_at(parse(soon, PEOPLE), record, now=NOW) == day
    row = {"id": 1, "at": NOW, "name": "A", "traits": record["traits"]}
    done = parse({"did": "event", "where": soon}, PEOPLE)
    assert changes_at(done, {"event": [row]}, now=NOW) == day


NUMBERS = (
    st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1, 10, 100, 0.1, -0.1, 2**53, 2**53 + 1])
)


@given(NUMBERS, NUMBERS)
@example(-(10**28) - 1, 0)
def test_numbers_are_in_order_as_texts_digit_by_digit(one: float, other: float) -> None:
    exact = Decimal(str(one)), Decimal(str(other))
    assert (sortable(one) < sortable(other)) is (exact[0] < exact[1])
    assert (sortable(one) == sortable(other)) is (exact[0] == exact[1])
    assert number_of(sortable(one)) == exact[0]


KEYS = st.sampled_from(["a", "aa", "план", "it's", "100%", 'b"c', "back\\slash", "a.b c"])
TEXTS = st.sampled_from(["gold", "Gold", "золото", "2026-03-11", "a'b", "\\", "%", "2", "yes", ""])
DAYS = st.dates(date(2026, 3, 1), date(2026, 3, 20))
VALUES = TEXTS | st.booleans() | NUMBERS | DAYS | st.just([1])
TOLD = st.dictionaries(KEYS, VALUES, max_size=5)
ORDER = st.sampled_from(["equals", "not_equals", "less", "at_most", "more", "at_least"])
ASKED = (
    st.builds(trait, KEYS, st.just("number"), ORDER, NUMBERS)
    | st.builds(trait, KEYS, st.just("boolean"), st.just("equals"), st.booleans())
    | st.builds(trait, KEYS, st.just("date"), ORDER, DAYS.map(str))
    | st.builds(
        trait,
        KEYS,
        st.just("date"),
        st.sampled_from(["in_last_days", "before_last_days", "in_next_days"]),
        st.integers(1, 9),
    )
    | st.builds(
        trait,
        KEYS,
        st.just("text"),
        st.sampled_from(["equals", "not_equals", "contains", "starts_with"]),
        TEXTS.filter(bool),
    )
    | st.builds(
        trait, KEYS, st.just("text"), st.just("not_in"), st.lists(TEXTS.filter(bool), min_size=1)
    )
    | st.builds(trait, KEYS, st.just("text"), st.sampled_from(["is_known", "is_unknown"]))
)


@settings(max_examples=60, deadline=None)
@given(
    raws=st.lists(ASKED | st.builds(lambda one: {"not": one}, ASKED), min_size=1, max_size=6),
    people=st.lists(TOLD, min_size=1, max_size=6),
)
def test_records_and_tables_get_the_same_answers(raws: list[Any], people: list[Any]) -> None:
    rows = [{"person": at, "traits": written(told)} for at, told in enumerate(people)]
    schema = ibis.schema({"person": "int64", "traits": "string"})
    table = ibis.memtable(rows, schema=schema)
    conditions = [parse(raw, PEOPLE) for raw in raws]
    assert [parse(as_json(one), PEOPLE) for one in conditions] == conditions
    wanted = {f"c{at}": matching(one, table, now=NOW) for at, one in enumerate(conditions)}
    answers = table.select("person", **wanted).order_by("person").to_pyarrow().to_pydict()
    for at, condition in enumerate(conditions):
        expected = [holds(condition, row, now=NOW) for row in rows]
        assert answers[f"c{at}"] == expected, sentence(condition)
    assert readable(rows[0]["traits"]).keys() == people[0].keys()
