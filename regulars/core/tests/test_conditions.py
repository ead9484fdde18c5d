"""Conditions: what is refused, what is true of a record, and that tables get the same answers."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.core.conditions.evaluation import failed_tests, folded, holds
from regulars.core.conditions.fields import Catalogue, Choice, Field, FieldType
from regulars.core.conditions.forms import OPERATOR_LABELS, described
from regulars.core.conditions.operators import OPERATORS, operators_of
from regulars.core.conditions.reading import parse
from regulars.core.conditions.sentences import sentence
from regulars.core.conditions.sets import matching
from regulars.core.conditions.tree import as_json, fields_of
from regulars.core.errors import Refused

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)

FIELDS = Catalogue("customer")
FIELDS.add(
    Field("name", "text", "Name"),
    Field("spend", "number", "Spend"),
    Field("purchases", "integer", "Purchases"),
    Field("member", "boolean", "Member"),
    Field("born_on", "date", "Birthday"),
    Field("last_purchase_at", "datetime", "Last purchase"),
    Field("interests", "list of text", "Interests"),
    Field("tier", "text", "Tier", choices=(Choice("gold", "Gold"), Choice("silver", "Silver"))),
    Field("branch", "path", "Branch"),
    Field("code", "text", "Code", operators=("equals",)),
)

SCHEMA = ibis.schema(
    {
        "name": "string",
        "spend": "float64",
        "purchases": "int64",
        "member": "boolean",
        "born_on": "date",
        "last_purchase_at": "timestamp('UTC', 6)",
        "interests": "array<string>",
        "branch": "string",
    }
)


def is_true(raw: object, **record: Any) -> bool:
    return holds(parse(raw, FIELDS), record, now=NOW)


def test(field: str, operator: str, *value: object) -> dict[str, object]:
    return {"field": field, "is": operator} | ({"value": value[0]} if value else {})


test.__test__ = False  # type: ignore[attr-defined]


# What is true of one record


@pytest.mark.parametrize(
    ("operator", "value", "spend", "expected"),
    [
        ("equals", 5, 5.0, True),
        ("not_equals", 5, 5.0, False),
        ("less", 5, 5.0, False),
        ("at_most", 5, 5.0, True),
        ("more", 5, 5.0, False),
        ("at_least", 5, 5.0, True),
        ("between", [5, 5], 5.0, True),
        ("in", [1, 5], 5.0, True),
        ("not_in", [1, 5], 5.0, False),
        ("not_equals", 5, None, False),
        ("not_in", [5], None, False),
        ("less", 5, math.nan, False),
    ],
)
def test_numbers_compare(operator: str, value: object, spend: float, expected: bool) -> None:
    assert is_true(test("spend", operator, value), spend=spend) is expected


def test_text_ignores_case_in_contains_and_starts_with_only() -> None:
    assert is_true(test("name", "contains", "ПЁТР"), name="Иван Пётрович")
    assert is_true(test("name", "starts_with", "ИВАН"), name="иван")
    assert not is_true(test("name", "equals", "ИВАН"), name="иван")


def test_lists_have_any_and_all() -> None:
    assert is_true(test("interests", "has_any", ["tea", "cats"]), interests=["tea"])
    assert not is_true(test("interests", "has_all", ["tea", "cats"]), interests=["tea"])
    assert not is_true(test("interests", "has_any", ["tea"]), interests=[])


def test_unknown_is_neither_true_nor_false() -> None:
    over = test("spend", "more", 5)
    assert not is_true(over, spend=None)
    assert not is_true({"not": over}, spend=None)
    assert not is_true({"any": [over, {"not": over}]}, spend=None)
    assert is_true({"any": [over, test("spend", "is_unknown")]}, spend=None)
    assert is_true({"not": test("spend", "is_known")})


def test_groups_without_parts_mean_everyone_and_no_one() -> None:
    assert is_true({"all": []})
    assert not is_true({"any": []})


@pytest.mark.parametrize(
    ("operator", "days_ago", "expected"),
    [
        ("in_last_days", 0, True),
        ("in_last_days", 29, True),
        ("in_last_days", 30, False),
        ("in_last_days", -1, False),
        ("before_last_days", 30, True),
        ("before_last_days", 29, False),
        ("in_next_days", 0, True),
        ("in_next_days", -29, True),
        ("in_next_days", -30, False),
    ],
)
def test_windows_of_days_end_and_begin_now(operator: str, days_ago: int, expected: bool) -> None:
    then = NOW - timedelta(days=days_ago)
    assert is_true(test("last_purchase_at", operator, 30), last_purchase_at=then) is expected
    assert is_true(test("born_on", operator, 30), born_on=then.date()) is expected


def test_what_keeps_a_record_out_is_named() -> None:
    condition = parse(
        {"all": [test("spend", "more", 5), test("member", "equals", True)]},
        FIELDS,
    )
    failed = failed_tests(condition, {"spend": 9, "member": False}, now=NOW)
    assert [one.field.name for one in failed] == ["member"]
    assert fields_of(condition) == {"spend", "member"}


# What is refused


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        ([], "wrong_condition", None),
        ({}, "unknown_field", "field"),
        ({"all": {}}, "wrong_condition", "all"),
        ({"all": [], "any": []}, "wrong_condition", None),
        ({"all": [], "note": 1}, "unknown_key", "note"),
        ({"not": [1]}, "wrong_condition", "not"),
        ({"all": [{"any": [test("spend", "more", "x")]}]}, "wrong_value", "all[0].any[0].value"),
        (test("salary", "more", 1), "unknown_field", "field"),
        (test("spend", "contains", "1"), "unknown_operator", "is"),
        (test("code", "contains", "1"), "unknown_operator", "is"),
        (test("spend", "is_known", 1), "unknown_key", "value"),
        (test("spend", "more"), "wrong_value", "value"),
        (test("spend", "more", True), "wrong_value", "value"),
        (test("spend", "more", 10**400), "wrong_value", "value"),
        (test("spend", "between", [2, 1]), "wrong_value", "value"),
        (test("spend", "between", [1]), "wrong_value", "value"),
        (test("spend", "in", []), "wrong_value", "value"),
        (test("spend", "in", [1, None]), "wrong_value", "value[1]"),
        (test("purchases", "more", 1.5), "wrong_value", "value"),
        (test("purchases", "more", 2**63), "wrong_value", "value"),
        (test("member", "equals", 1), "wrong_value", "value"),
        (test("name", "equals", ""), "wrong_value", "value"),
        (test("name", "equals", "a\0"), "wrong_value", "value"),
        (test("name", "equals", "\ud800"), "wrong_value", "value"),
        (test("born_on", "equals", "2026-02-30"), "wrong_value", "value"),
        (test("last_purchase_at", "less", "2026-02-01T10:00"), "wrong_value", "value"),
        (test("last_purchase_at", "in_last_days", 0), "wrong_value", "value"),
        (test("tier", "equals", "bronze"), "unknown_choice", "value"),
        ({"all": [test("spend", "is_known")] * 201}, "too_many_tests", "all[200]"),
    ],
)
def test_wrong_conditions_are_refused_by_path(raw: object, code: str, path: str | None) -> None:
    with pytest.raises(Refused) as refused:
        parse(raw, FIELDS)
    assert (refused.value.code, refused.value.field) == (code, path)


def test_deep_nesting_is_refused() -> None:
    raw: object = test("spend", "is_known")
    for _ in range(20):
        raw = {"not": raw}
    with pytest.raises(Refused, match="nested"):
        parse(raw, FIELDS)


def test_the_path_starts_where_the_condition_stands() -> None:
    with pytest.raises(Refused) as refused:
        parse({"all": [1]}, FIELDS, path="rules[2].when")
    assert refused.value.field == "rules[2].when.all[0]"


# What it says


def test_a_sentence_says_what_is_meant() -> None:
    raw = {
        "all": [
            test("spend", "at_least", 100),
            {"any": [test("tier", "in", ["gold", "silver"]), test("member", "equals", True)]},
            {"not": test("last_purchase_at", "in_last_days", 1)},
        ]
    }
    assert sentence(parse(raw, FIELDS)) == (
        "Spend is at least 100 and (Tier is one of: Gold, Silver or Member is yes)"
        " and not (Last purchase was in the last 1 day)"
    )


def test_every_operator_has_a_label_for_forms() -> None:
    assert OPERATOR_LABELS.keys() == OPERATORS.keys()
    tier = described(FIELDS)[7]
    assert tier["choices"] == [
        {"value": "gold", "label": "Gold"},
        {"value": "silver", "label": "Silver"},
    ]


# Records and tables get the same answers

LETTERS = st.sampled_from(list("aAbBiIİıßẞσςΣéÉёЁя%_\\'\"🙂 ̇"))
TEXTS = st.text(LETTERS | st.characters(exclude_characters="\0", codec="utf-8"), max_size=4)
NUMBERS = st.sampled_from(
    [0.0, -0.0, 0.1, 0.1 + 0.2, 1e308, -1e308, 5e-324, 1 / 3, 9007199254740993.0]
) | st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.sampled_from([0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63) + 1]) | st.integers(-9, 9)
DAYS = st.dates(date(2026, 3, 5), date(2026, 3, 15)) | st.dates(date(1, 1, 1), date(9999, 12, 31))
MOMENTS = st.datetimes(
    datetime(2026, 3, 9),  # noqa: DTZ001
    datetime(2026, 3, 12),  # noqa: DTZ001
    timezones=st.just(UTC),
) | st.sampled_from([NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1)])
SCALARS: dict[FieldType, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "path": TEXTS,
    "number": NUMBERS,
    "integer": INTEGERS,
    "boolean": st.booleans(),
    "date": DAYS,
    "datetime": MOMENTS,
    "list of text": TEXTS,
}


def values_of(field: Field) -> st.SearchStrategy[Any]:
    known = SCALARS[field.type]
    if field.type == "number":
        known = known | st.sampled_from([math.inf, -math.inf, math.nan])
    if field.type == "list of text":
        known = st.lists(known, max_size=3)
    return st.none() | known


RECORDS = st.fixed_dictionaries({name: values_of(FIELDS.get(name)) for name in SCHEMA})


@st.composite
def single_tests(draw: st.DrawFn) -> dict[str, object]:
    field = FIELDS.get(draw(st.sampled_from(sorted(SCHEMA))))
    operator = draw(st.sampled_from(operators_of(field)))
    scalar = SCALARS[field.type].filter(lambda value: value != "")
    match operator.needs:
        case "nothing":
            return test(field.name, operator.name)
        case "one":
            value: object = draw(scalar)
        case "two":
            value = sorted(draw(st.lists(scalar, min_size=2, max_size=2)))
        case "several":
            value = draw(st.lists(scalar, min_size=1, max_size=3))
        case "days":
            value = draw(st.integers(1, 3) | st.just(36_500))
    return test(field.name, operator.name, plain(value))


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


CONDITIONS = st.recursive(
    single_tests(),
    lambda parts: (
        st.fixed_dictionaries({"all": st.lists(parts, max_size=3)})
        | st.fixed_dictionaries({"any": st.lists(parts, max_size=3)})
        | st.fixed_dictionaries({"not": parts})
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    conditions=st.lists(CONDITIONS, min_size=1, max_size=6),
    records=st.lists(RECORDS, min_size=1, max_size=8),
)
def test_records_and_tables_get_the_same_answers(
    conditions: list[object], records: list[dict[str, Any]]
) -> None:
    parsed = [parse(raw, FIELDS) for raw in conditions]
    table = ibis.memtable(pa.Table.from_pylist(records, schema=SCHEMA.to_pyarrow()))
    wanted = {f"c{at}": matching(one, table, now=NOW) for at, one in enumerate(parsed)}
    answers = table.select(**wanted).to_pyarrow().to_pydict()
    for at, condition in enumerate(parsed):
        expected = [holds(condition, record, now=NOW) for record in records]
        assert answers[f"c{at}"] == expected, sentence(condition)


@given(raw=CONDITIONS)
def test_a_condition_survives_its_json_form(raw: object) -> None:
    condition = parse(raw, FIELDS)
    assert parse(as_json(condition), FIELDS) == condition
    assert sentence(condition)


def test_every_letter_folds_as_the_engine_folds_it() -> None:
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    table = ibis.memtable(pa.table({"letter": letters}))
    lowered = table.select(table.letter, folded=table.letter.lower()).to_pyarrow().to_pydict()
    differing = [
        letter
        for letter, other in zip(lowered["letter"], lowered["folded"], strict=True)
        if folded(letter) != other
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, "Birthday: за последний 1 день"),
        (3, "Birthday: за последние 3 дня"),
        (30, "Birthday: за последние 30 дней"),
    ],
)
def test_sentences_come_in_russian_with_their_plurals(days: int, expected: str) -> None:
    with translation.override("ru"):
        said = sentence(parse(test("born_on", "in_last_days", days), FIELDS), words=translation)
        with pytest.raises(Refused, match="нужно число"):
            parse(test("spend", "more", "x"), FIELDS, words=translation)
    assert said == expected
