"""What was done: windows, counts, sums, first and last; the same for records and for tables."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from django.utils import translation
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from regulars.core.conditions.clock import changes_at
from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.explaining import explained
from regulars.core.conditions.fields import Catalogue, FactKind, Field
from regulars.core.conditions.forms import described_facts
from regulars.core.conditions.performed import with_performed
from regulars.core.conditions.reading import parse
from regulars.core.conditions.sentences import sentence
from regulars.core.conditions.sets import matching
from regulars.core.conditions.tree import as_json, fields_of, performed_in
from regulars.core.errors import Refused

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=ZoneInfo("Asia/Omsk"))
DAY = timedelta(days=1)

BOUGHT = Catalogue("bought")
BOUGHT.add(
    Field("category", "path", "Category"),
    Field("amount", "integer", "Amount"),
    Field("shop", "text", "Shop"),
)
PEOPLE = Catalogue("customer of facts")
PEOPLE.add(Field("member", "boolean", "Member"), Field("joined_at", "datetime", "Joined"))
PEOPLE.add(Field("born_on", "date", "Birthday"))
PEOPLE.add_facts(
    FactKind("bought", "Purchases", BOUGHT, counted_by="receipt"),
    FactKind("visited", "Visits", BOUGHT),
)

COFFEE = {"field": "category", "is": "under", "value": ["Food/Coffee"]}
THRICE = {
    "did": "bought",
    "where": COFFEE,
    "count": {"is": "at_least", "value": 3},
    "within": {"last_days": 30},
}
NOT_LATELY = {"not": {"did": "bought", "where": COFFEE, "within": {"last_days": 10}}}
WANTED = {"all": [THRICE, NOT_LATELY]}


def bought(*days_ago: float, category: str = "Food/Coffee/Beans", **told: Any) -> list[dict]:
    return [
        {
            "id": at,
            "at": NOW - ago * DAY,
            "receipt": told.get("receipt", at),
            "category": category,
            "amount": told.get("amount", 100),
            "shop": told.get("shop", "east"),
        }
        for at, ago in enumerate(days_ago)
    ]


def is_true(raw: object, *, now: datetime = NOW, **record: Any) -> bool:
    return holds(parse(raw, PEOPLE), record, now=now)


def test_coffee_three_times_in_thirty_days_and_not_in_the_last_ten() -> None:
    assert is_true(WANTED, bought=bought(11, 15, 29))
    assert not is_true(WANTED, bought=bought(11, 15, 30))
    assert not is_true(WANTED, bought=bought(9, 11, 15, 29))
    assert not is_true(WANTED, bought=bought(11, 15, 29, category="Food/Coffeeware"))
    assert not is_true(WANTED, bought=bought(11, 15, 29, receipt=7))
    assert not is_true(WANTED)


@pytest.mark.parametrize(
    ("window", "days_ago", "expected"),
    [
        ({"last_days": 10}, 0, True),
        ({"last_days": 10}, 10, False),
        ({"last_days": 10}, -0.01, False),
        ({"last_hours": 12}, 0.49, True),
        ({"last_hours": 12}, 0.5, False),
        ({"days_ago": [10, 30]}, 10, True),
        ({"days_ago": [10, 30]}, 9.9, False),
        ({"days_ago": [10, 30]}, 30, False),
        ({"from": "2026-03-10"}, 0.64, True),
        ({"from": "2026-03-10"}, 0.65, False),
        ({"until": "2026-03-09"}, 0.64, False),
        ({"from": "2026-03-09", "until": "2026-03-09"}, 0.65, True),
        (None, 9000, True),
        (None, -1, False),
    ],
)
def test_windows_move_with_now_and_days_begin_in_its_zone(
    window: object, days_ago: float, expected: bool
) -> None:
    raw = {"did": "bought"} | ({"within": window} if window else {})
    assert is_true(raw, bought=bought(days_ago)) is expected


def test_sums_and_the_first_and_last() -> None:
    spent = {"did": "bought", "sum": {"of": "amount", "is": "at_least", "value": 300}}
    assert is_true(spent, bought=bought(1, 2, 3))
    assert not is_true(spent, bought=bought(1, 2))
    in_west = {"field": "shop", "is": "equals", "value": "west"}
    last_west = {"did": "bought", "last": in_west}
    assert is_true(last_west, bought=[*bought(5), *bought(1, shop="west")])
    assert not is_true({"did": "bought", "first": in_west}, bought=bought(5, 3))
    assert not is_true(last_west)
    assert not is_true({"not": last_west}), "unknown without purchases"
    of_one_moment = [*bought(1, shop="west"), *bought(1, shop="east")]
    for end in ("first", "last"):
        asked = parse({"did": "bought", end: in_west}, PEOPLE)
        for rows in (of_one_moment, of_one_moment[::-1]):
            assert holds(asked, {"bought": rows}, now=NOW), "one of several will do"
            assert explained(asked, {"bought": rows}, now=NOW).found["shop"] == "west"


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        ({"did": "flew"}, "unknown_fact", "did"),
        ({"did": "bought", "often": 1}, "unknown_key", "often"),
        ({"did": "bought", "count": {}, "sum": {}}, "wrong_condition", "sum"),
        ({"did": "bought", "count": 3}, "wrong_condition", "count"),
        ({"did": "bought", "count": {"is": "contains"}}, "unknown_operator", "count.is"),
        ({"did": "bought", "sum": {"of": "shop"}}, "wrong_value", "sum.of"),
        ({"did": "bought", "where": {"field": "x"}}, "unknown_field", "where.field"),
        ({"did": "bought", "where": {"did": "bought"}}, "unknown_fact", "where.did"),
        ({"did": "bought", "within": {}}, "wrong_window", "within"),
        ({"did": "bought", "within": {"last_days": 0}}, "wrong_value", "within.last_days"),
        ({"did": "bought", "within": {"last_weeks": 1}}, "wrong_window", "within"),
        ({"did": "bought", "within": {"days_ago": [9, 3]}}, "wrong_value", "within.days_ago"),
        ({"did": "bought", "within": {"from": "x"}}, "wrong_value", "within.from"),
        (
            {"did": "bought", "within": {"from": "2026-02-01", "until": "2026-01-01"}},
            "wrong_value",
            "within.until",
        ),
    ],
)
def test_wrong_conditions_are_refused_by_path(raw: object, code: str, path: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(raw, PEOPLE)
    assert (refused.value.code, refused.value.field) == (code, path)


def test_it_says_what_it_asks_in_both_languages() -> None:
    condition = parse(WANTED, PEOPLE)
    assert sentence(condition) == (
        "(Purchases with Category is under “Food/Coffee” in the last 30 days: their number is at"
        " least 3) and not (Purchases with Category is under “Food/Coffee” in the last 10 days:"
        " at least one)"
    )
    with translation.override("ru"):
        said = sentence(condition, words=translation)
    assert said.startswith("(Purchases, где Category в ветви «Food/Coffee», за последние 30 дней: ")
    assert fields_of(condition) == frozenset()
    assert [did.fact.name for did in performed_in(condition)] == ["bought", "bought"]
    assert [fact["sums"] for fact in described_facts(PEOPLE)] == [["amount"], ["amount"]]


def test_why_shows_every_part_with_what_was_found() -> None:
    why = explained(parse(WANTED, PEOPLE), {"bought": bought(11, 15, 29, 40)}, now=NOW)
    assert (why.kind, why.truth) == ("all", True)
    thrice, not_lately = why.parts
    assert (thrice.found, thrice.truth, thrice.moments[0]) == (3, True, NOW - 11 * DAY)
    assert (not_lately.parts[0].found, not_lately.parts[0].truth) == (0, False)


def test_time_alone_lets_a_customer_in_and_out() -> None:
    condition = parse(WANTED, PEOPLE)
    record = {"bought": bought(2, 5, 20)}
    enters = changes_at(condition, record, now=NOW)
    assert enters == NOW + 8 * DAY
    assert changes_at(condition, record, now=enters) == NOW + 10 * DAY
    assert changes_at(condition, record, now=NOW + 10 * DAY) is None
    far = {"bought": bought(*[n / 100 for n in range(900)])}
    assert changes_at(condition, far, now=NOW) <= NOW + 10 * DAY


# Records and tables get the same answers, and nothing changes before the clock says so

TIMES = st.integers(-2 * 24, 40 * 24).map(lambda hours: NOW.astimezone(UTC) - hours * DAY / 24)
EXACT = st.sampled_from([0, 1, 10, 30]).map(lambda days: NOW.astimezone(UTC) - days * DAY)
PATHS = st.sampled_from(["Food", "Food/Coffee", "Food/Coffee/Beans", "Food/Coffeeware", "Home"])
WINDOWS = st.sampled_from(
    [
        {"last_days": 1},
        {"last_days": 30},
        {"last_hours": 24},
        {"days_ago": [1, 10]},
        {"days_ago": [0, 10]},
        {"from": "2026-02-28"},
        {"from": "2026-02-01", "until": "2026-03-09"},
        {"until": "2026-03-11"},
    ]
)
ROWS = st.fixed_dictionaries(
    {
        "at": TIMES | EXACT,
        "receipt": st.none() | st.integers(1, 3),
        "category": st.none() | PATHS,
        "amount": st.none() | st.integers(-50, 50),
        "shop": st.none() | st.sampled_from(["east", "west"]),
    }
)
TESTS_OF_FACT = st.sampled_from(
    [
        COFFEE,
        {"not": COFFEE},
        {"field": "category", "is": "under", "value": ["Home", "Food/Coffee/Beans"]},
        {"field": "amount", "is": "at_least", "value": 10},
        {"field": "shop", "is": "is_unknown"},
        {"any": [{"field": "shop", "is": "equals", "value": "west"}, COFFEE]},
    ]
)
WHOLE = st.sampled_from(["equals", "not_equals", "less", "at_least"])
DIDS = st.builds(
    lambda fact, measure, where, window: (
        {"did": fact}
        | measure
        | ({"where": where} if where else {})
        | ({"within": window} if window else {})
    ),
    st.sampled_from(["bought", "visited"]),
    st.just({})
    | st.builds(lambda name, n: {"count": {"is": name, "value": n}}, WHOLE, st.integers(0, 3))
    | st.builds(
        lambda name, n: {"sum": {"of": "amount", "is": name, "value": n}},
        WHOLE,
        st.integers(-20, 60),
    )
    | st.builds(lambda one, end: {end: one}, TESTS_OF_FACT, st.sampled_from(["first", "last"])),
    st.none() | TESTS_OF_FACT,
    st.none() | WINDOWS,
)
PLAIN = st.sampled_from(
    [
        {"field": "member", "is": "equals", "value": True},
        {"field": "joined_at", "is": "in_last_days", "value": 10},
        {"field": "joined_at", "is": "before_last_days", "value": 10},
        {"field": "joined_at", "is": "in_next_days", "value": 2},
        {"field": "born_on", "is": "in_last_days", "value": 10},
        {"field": "born_on", "is": "before_last_days", "value": 10},
        {"field": "born_on", "is": "in_next_days", "value": 2},
    ]
)
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Shrinking a failure of these takes minutes; what was drawn is small enough to read."""

CONDITIONS = st.recursive(
    DIDS | PLAIN,
    lambda parts: (
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(parts, max_size=3)})
        | st.fixed_dictionaries({"not": parts})
    ),
    max_leaves=4,
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    facts = {
        name: [{"id": at, **row} for at, row in enumerate(draw(st.lists(ROWS, max_size=5)))]
        for name in ("bought", "visited")
    }
    joined = draw(st.none() | TIMES | EXACT)
    born = draw(st.none() | TIMES)
    return {
        "member": draw(st.none() | st.booleans()),
        "joined_at": joined,
        "born_on": born.date() if born else None,
        **facts,
    }


def table_of(people: list[dict[str, Any]]) -> Any:
    schema = {"person": "int64", "member": "boolean", "born_on": "date"}
    rows = [{**one, "person": at} for at, one in enumerate(people)]
    wanted = ibis.schema({**schema, "joined_at": "timestamp('UTC', 6)"}).to_pyarrow()
    plain = [{name: row[name] for name in wanted.names} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(plain, schema=wanted))


def facts_of(people: list[dict[str, Any]], name: str) -> Any:
    schema = ibis.schema(
        {
            "person": "int64",
            "id": "int64",
            "at": "timestamp(6)",
            "receipt": "int64",
            "category": "string",
            "amount": "int64",
            "shop": "string",
        }
    ).to_pyarrow()
    rows = [
        {**row, "person": at, "at": row["at"].replace(tzinfo=None)}
        for at, one in enumerate(people)
        for row in one[name]
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


@settings(max_examples=40, deadline=None, phases=NO_SHRINKING)
@given(
    raws=st.lists(CONDITIONS, min_size=1, max_size=5),
    people=st.lists(records(), min_size=1, max_size=6),
)
def test_records_and_tables_get_the_same_answers(raws: list[Any], people: list[Any]) -> None:
    conditions = [parse(raw, PEOPLE) for raw in raws]
    facts = {name: facts_of(people, name) for name in ("bought", "visited")}
    table = with_performed(table_of(people), conditions, facts=facts, key="person", now=NOW)
    wanted = {f"c{at}": matching(one, table, now=NOW) for at, one in enumerate(conditions)}
    answers = table.select("person", **wanted).order_by("person").to_pyarrow().to_pydict()
    for at, condition in enumerate(conditions):
        expected = [holds(condition, one, now=NOW) for one in people]
        assert answers[f"c{at}"] == expected, sentence(condition)


@settings(max_examples=150, deadline=None, phases=NO_SHRINKING)
@given(raw=CONDITIONS, record=records(), hours=st.floats(0, 24 * 50))
def test_nothing_changes_before_the_clock_says_so(
    raw: object, record: dict[str, Any], hours: float
) -> None:
    condition = parse(raw, PEOPLE)
    assert parse(as_json(condition), PEOPLE) == condition
    before = holds(condition, record, now=NOW)
    at = changes_at(condition, record, now=NOW)
    later = NOW + timedelta(hours=hours)
    if at is None or later < at:
        assert holds(condition, record, now=later) is before
    if at is not None:
        assert at > NOW
        assert holds(condition, record, now=at.astimezone(NOW.tzinfo)) is not before
    assert (explained(condition, record, now=NOW).truth is True) is before
