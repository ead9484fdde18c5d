"""The survey engine: expressions, definitions and paths."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.feedback.survey.definition import examine, read_definition, words_for
from regulars.feedback.survey.expression import BadExpression, read_expression
from regulars.feedback.survey.operators import contains, equal
from regulars.feedback.survey.path import (
    check,
    complete,
    open_text,
    screens,
    shown_answers,
)
from regulars.feedback.survey.piping import text_for
from regulars.feedback.survey.problems import Unreadable

SURVEY: dict[str, Any] = {
    "title": {"default": "Your visit", "ru": "Ваш визит"},
    "pages": [
        {
            "name": "first",
            "elements": [
                {"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10, "isRequired": True},
                {
                    "type": "checkbox",
                    "name": "why",
                    "choices": [
                        "staff",
                        {"value": "price", "text": {"default": "Price", "ru": "Цена"}},
                    ],
                    "visibleIf": "{nps} <= 6",
                    "showOtherItem": True,
                    "maxSelectedChoices": 1,
                },
            ],
        },
        {
            "name": "second",
            "visibleIf": "{nps} notempty",
            "elements": [
                {
                    "type": "comment",
                    "name": "words",
                    "title": {"default": "Why {nps}?", "ru": "Почему {nps}? {why}"},
                    "requiredIf": "{why} contains 'other'",
                },
                {"type": "boolean", "name": "again"},
                {
                    "type": "text",
                    "name": "mail",
                    "inputType": "email",
                    "visibleIf": "{again} = true",
                },
            ],
        },
    ],
    "regulars": {"measures": {"nps": "nps"}, "touchpoint": "purchase/store"},
}
DEFINITION = read_definition(SURVEY)


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("{a} > 5 and {b} = 'x'", {"a": 6, "b": "X"}, True),
        ("{a} > 5 or {b} = x", {"a": 1, "b": "x"}, True),
        ("{a} empty", {}, True),
        ("{a} notempty", {"a": []}, False),
        ("{a} = 0", {"a": None}, False),
        ("{a} empty", {"a": 0}, False),
        ("[1, 2] contains 2", {}, True),
        ("{a} contains ['x', 'y']", {"a": ["y", "x", "z"]}, True),
        ("{a} notcontains 'x'", {}, True),
        ("{a} anyof ['x', 'y']", {"a": ["y"]}, True),
        ("{a} noneof ['x', 'y']", {"a": "z"}, True),
        ("{a} allof ['x', 'y']", {"a": ["y"]}, False),
        ("iif({a} > 1, 'hi', 'lo')", {"a": "2"}, "hi"),
        ("2 + 2 * 3 ^ 2", {}, 20),
        ("7 % 4 - 1 / 2", {}, 2.5),
        ("1 / 0", {}, None),
        ("0.1 + 0.2", {}, 0.3),
        ("'a' + {b}", {"b": "c"}, "ac"),
        ("!({a} empty) && {b} != 3", {"a": 1, "b": "4"}, True),
        ("{a} = orange", {"a": "Orange"}, True),
        ("{a} > -1", {"a": 0}, True),
        ("{a} < 10", {"a": "9"}, True),
        ("{#a} = 9", {"a": "9"}, True),
        ("{a[1].b} == 3", {"a": [{"b": 1}, {"b": 3}]}, True),
        ("{why-Comment} notempty", {"why-Comment": "x"}, True),
        ("sum({a}, 2) >= 5", {"a": [1, 2]}, True),
        ("true and not_a_question", {}, "not_a_question"),
        ("{a} = [2, 1]", {"a": [1, 2]}, True),
        ("{a} greaterorequal 3", {"a": 3}, True),
        ("{город} = 'Омск'", {"город": "омск"}, True),
    ],
)
def test_an_expression_is_evaluated(source: str, values: dict[str, Any], expected: object) -> None:
    assert read_expression(source).evaluate(values) == expected


@pytest.mark.parametrize(
    "source", ["{a} >", "(1", "f(1)", "{a} ? 2", "1 2", "and", "(" * 90, "!" * 90]
)
def test_a_wrong_expression_is_refused(source: str) -> None:
    with pytest.raises(BadExpression):
        read_expression(source)


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused(source: str) -> None:
    with suppress(BadExpression):
        read_expression(source).evaluate({"a": 1})


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3)
SIGNS = ["=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "^", "contains", "notcontains",
         "anyof", "allof", "noneof", "and", "or"]  # fmt: skip


@given(VALUES, st.sampled_from(SIGNS), VALUES)
def test_no_answer_breaks_an_operator(a: Any, sign: str, b: Any) -> None:
    read_expression(f"{{a}} {sign} {{b}}").evaluate({"a": a, "b": b})


@given(VALUES, VALUES)
def test_equality_is_symmetric(a: Any, b: Any) -> None:
    assert equal(a, b) == equal(b, a)
    assert equal(a, a)


@given(st.lists(SCALARS.filter(lambda one: one not in (None, "")), min_size=1, max_size=4))
def test_a_list_contains_each_member(members: list[Any]) -> None:
    assert all(contains(members, one) for one in members)


def test_a_definition_is_read() -> None:
    assert [question.name for question in DEFINITION.questions()] == [
        "nps", "why", "words", "again", "mail",
    ]  # fmt: skip
    assert DEFINITION.languages == ("en", "ru")
    assert DEFINITION.best_language(["de", "ru-RU"]) == "ru"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"elements": [{"type": "signaturepad", "name": "m"}]}, "m: unknown_type"),
        ({"elements": [{"type": "text", "name": "t", "minWidth": 1}]}, "t: unknown_property"),
        ({"elements": [{"type": "text"}]}, "missing_property"),
        ({"elements": [{"type": "rating", "name": "r", "rateMax": "x"}]}, "r: bad_property"),
        ({"elements": [{"type": "text", "name": "t", "visibleIf": "{a} >"}]}, "t: bad_expression"),
        (
            {"calculatedValues": [{"name": "c", "expression": "1 +"}]},
            "bad_expression (property calculatedValues.0.expression",
        ),
        (
            {"triggers": [{"type": "runexpression", "expression": "1", "runExpression": "1 +"}]},
            "bad_expression (property triggers.0.runExpression",
        ),
        ({"title": "a\0b"}, "survey: not_storable"),
        ({"elements": [{"type": "text", "name": "t", "visibleIf": "{a} = 1"}]}, "t: unknown_name"),
        ({"elements": [{"type": "text", "name": "t", "title": "{a}"}]}, "t: unknown_name"),
        ({"elements": [{"type": "text", "name": "t"}] * 2}, "t: name_twice"),
        ({"elements": [{"type": "radiogroup", "name": "r"}]}, "r: no_choices"),
        ({"elements": [{"type": "radiogroup", "name": "r", "choices": [1, "1"]}]}, "choice_twice"),
        ({"elements": [{"type": "rating", "name": "r", "rateMax": 99}]}, "r: bad_scale"),
        ({"elements": []}, "no_questions"),
        ({"elements": ["x"]}, "not_an_object"),
        ({"pages": [{"name": "p"}]}, "p: empty_page"),
        ({"logo": "x"}, "survey: unknown_property (property logo"),
        ({"triggers": [{"type": "visible"}]}, "survey: bad_property (property triggers.0"),
        (
            {"elements": [{"type": "rating", "name": "r"}], "regulars": {"measures": {"r": "nps"}}},
            "r: unfit_measure",
        ),
        ({"elements": [], "regulars": {"measures": {"r": "mood"}}}, "bad_property"),
    ],
)
def test_a_wrong_definition_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable, match=r".") as caught:
        read_definition({"title": "x", **change})
    assert said in str(caught.value)


def test_something_else_than_a_definition_is_refused() -> None:
    assert [str(problem) for problem in examine([1])[1]] == ["survey: not_an_object"]


def names(values: dict[str, Any]) -> list[list[str]]:
    return [[one.name for one in screen.questions] for screen in screens(DEFINITION, values)]


def test_what_is_asked_depends_on_the_answers() -> None:
    assert names({}) == [["nps"]]
    assert names({"nps": 3}) == [["nps", "why"], ["words", "again"]]
    assert names({"nps": "9", "again": True}) == [["nps"], ["words", "again", "mail"]]


def test_answers_are_cleaned_and_hidden_ones_dropped() -> None:
    checked = complete(
        DEFINITION, {"nps": "9", "why": ["staff"], "words": " good ", "again": "true"}
    )
    assert checked.values == {"nps": 9, "words": "good", "again": True}
    assert checked.problems == ()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "nps: required"),
        ({"nps": 11}, "nps: off_the_scale"),
        ({"nps": True}, "nps: off_the_scale"),
        ({"nps": [1]}, "nps: off_the_scale"),
        ({"nps": 2, "why": ["price", "staff"]}, "why: too_many_choices"),
        ({"nps": 2, "why": ["weather"]}, "why: not_a_choice"),
        ({"nps": 2, "why": [["staff"]]}, "why: not_a_choice"),
        ({"nps": 2, "why": ["other"]}, "why: other_empty"),
        ({"nps": 2, "why": ["other"], "why-Comment": "queues"}, "words: required"),
        ({"nps": 9, "words": {"a": 1}}, "words: not_a_text"),
        ({"nps": 9, "words": "x" * 2001}, "words: too_long"),
        ({"nps": 9, "again": True, "mail": "nobody"}, "mail: bad_email"),
        ({"nps": 9, "mood": 1}, "mood: unknown_question"),
    ],
)
def test_a_wrong_answer_is_named(values: dict[str, Any], said: str) -> None:
    assert str(complete(DEFINITION, values).problems[0]).split(" (")[0] == said


def test_answers_are_piped_in_the_language_of_the_respondent() -> None:
    values = {"nps": 4, "why": ["price"]}
    question = DEFINITION.find_question("words")
    assert question is not None
    shown = shown_answers(DEFINITION, values, "ru")
    assert text_for(question.title, shown, language="ru") == "Почему 4? Цена"
    assert text_for(question.title, {}, language="en") == "Why ?"


def test_open_answers_are_the_text_of_the_signal() -> None:
    values = complete(
        DEFINITION, {"nps": 2, "why": ["other"], "why-Comment": "queue", "words": "slow"}
    ).values
    assert open_text(DEFINITION, values) == "queue\nslow"


@given(st.dictionaries(st.sampled_from(["nps", "why", "words", "again", "mail"]), VALUES))
def test_what_is_kept_is_right_by_itself(values: dict[str, Any]) -> None:
    once = complete(DEFINITION, values)
    if not once.problems:
        again = complete(DEFINITION, once.values)
        assert again == once


def test_a_page_is_checked_by_itself() -> None:
    first = screens(DEFINITION, {"nps": 5})[0]
    assert check(first.questions, {"nps": "5"}).values == {"nps": 5}


BLOCK: dict[str, Any] = {
    "texts": {"nps": {"message": "0 to 10?", "voice": {"default": "Press", "ru": "Нажмите"}}},
    "quotas": [{"name": "unhappy", "limit": 5, "if": "{nps} <= 6"}, {"name": "all", "limit": 9}],
    "sampling": {"share": 0.25},
    "contactPolicy": {"everyDays": 90, "reminders": [3, 7]},
    "codeFrame": [{"value": "staff"}, {"value": "rude", "under": "staff"}],
    "agreements": {"nps": "fairness"},
    "consents": {"again": {"purpose": "marketing"}},
}


def test_the_extension_block_is_read() -> None:
    definition = read_definition({**SURVEY, "regulars": BLOCK})
    question = next(definition.questions())
    assert words_for(definition, question, "message") == "0 to 10?"
    assert words_for(definition, question, "page") == ""
    unhappy, everybody = definition.extension.quotas
    assert [unhappy.counts({"nps": 6}), unhappy.counts({"nps": 7}), everybody.counts({})] == [
        True,
        False,
        True,
    ]
    assert definition.extension.sampling.share == 0.25


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"quotas": [{"name": "a", "limit": 1, "if": "{mood} = 1"}]}, "unknown_name (name mood"),
        ({"quotas": [{"name": "a", "limit": 1, "if": "{nps} >"}]}, "bad_expression"),
        ({"quotas": [{"name": "a", "limit": -1}]}, "bad_property (property regulars.quotas.0"),
        ({"quotas": [{"name": "a", "limit": 1}] * 2}, "quota_twice (name a"),
        ({"sampling": {"share": 1.5}}, "bad_property (property regulars.sampling.share"),
        ({"codeFrame": [{"value": "a", "under": "b"}]}, "unknown_code (name b"),
        ({"texts": {"mood": {"voice": "x"}}}, "unknown_name (name mood"),
        ({"moods": 1}, "unknown_property (property regulars.moods"),
    ],
)
def test_a_wrong_extension_block_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_definition({**SURVEY, "regulars": change})
    assert said in str(caught.value)
