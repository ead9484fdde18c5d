"""Whatever is sent for an answer, the engine answers with problems and never with an error."""

import json
import math
import time
from datetime import datetime
from typing import Any

import pytest

from regulars.feedback.building.skeletons import skeleton
from regulars.feedback.survey.definition import read_definition
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.path import complete, screens
from regulars.feedback.survey.problems import Unreadable
from regulars.feedback.survey.question import questions
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.sitting import Sitting
from regulars.feedback.survey.walk import go_on, result_of

STRANGE: tuple[Any, ...] = (
    "abc", "\x00", "\ud800", "9" * 5000, "0X" + "f" * 600, 5, -1, 1e308, 10**400, -(10**400), math.nan, math.inf, True,
    [], ["abc"], [5], [None], [[1]], [{}], [{"first": {"x": 1}}], [{"first": "x"}] * 500, [["a"] * 3],
    {}, {"a": "b"}, {"x": {}}, {"first": "abc"}, {"first": 5}, {"first": ["a"]},
    {"first": {"first": {"y": [1]}}},
)  # fmt: skip
LOOKS_AT_IT = {
    "type": "text",
    "name": "other",
    "visibleIf": "{q} > 3 or {q} contains 'a' or {q.first.first} = 1 or {q[0].first} notempty",
    "defaultValueExpression": "{q} + 1",
}


@pytest.mark.parametrize("kind", list(questions.kinds()))
def test_nothing_that_is_sent_is_an_error(kind: str) -> None:
    elements = [skeleton(kind, "q"), LOOKS_AT_IT]
    definition = read_definition({"pages": [{"name": "p", "elements": elements}]})
    for sent in STRANGE:
        checked = complete(definition, {"q": sent})
        assert "q" not in checked.values or json.dumps(checked.values["q"], allow_nan=False)
        assert len(screens(definition, {"q": sent})) == 1


NOW = datetime.fromisoformat("2026-11-28T12:00")
A, B = {"type": "text", "name": "a", "inputType": "number"}, {"type": "text", "name": "b"}


def survey(*elements: Any, **more: Any) -> dict[str, Any]:
    return {"pages": [{"name": "p", "elements": list(elements)}], **more}


def asked(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "name": name, **more}


@pytest.mark.parametrize("b", ["abc", -1e308, 1e308, "1e10", 1e10])
@pytest.mark.parametrize(
    "expression",
    [
        "{b}*2", "today()", "today({b})", "{b}*10", "[{b}*10, today()]", "round({b}, 2)",
        "trunc({b}, 4999999999)", "substring({#b}, {b})", "*".join(["{b}"] * 100), "0 - {b} * 10",
    ],
)  # fmt: skip
def test_what_an_expression_gives_can_be_kept(expression: str, b: Any) -> None:
    calculated = [{"name": "c", "expression": expression, "includeIntoResult": True}]
    kind = {"type": "text", "name": "b"}
    if not isinstance(b, str):
        kind["inputType"] = "number"
    elements = [
        kind,
        asked("d", setValueExpression=expression),
        asked("f", defaultValueExpression=expression),
    ]
    elements.append({"type": "expression", "name": "e", "expression": expression})
    definition = read_definition(survey(*elements, calculatedValues=calculated))
    checked = complete(definition, {"b": b})
    assert json.dumps(checked.values, allow_nan=False)
    assert checked.values["b"] == b


def trigger(when: str, name: str, value: str) -> dict[str, Any]:
    return {"type": "runexpression", "expression": when, "setToName": name, "runExpression": value}


ENDLESS = {
    "of itself": survey(A, triggers=[trigger("{a} > 0", "a", "{a}+1")]),
    "of many": survey(A, triggers=[trigger("{a} > 0", "a", "{a}+1")] * 20),
    "each other": survey(
        asked("a", setValueExpression="{b}+1"), asked("b", setValueExpression="{a}+1")
    ),
    "a ring": survey(
        *map(asked, "abcd"),
        triggers=[
            trigger(f"{{{one}}} notempty", other, f"{{{one}}} + 'x'")
            for one, other in ("ab", "bc", "cd", "da")
        ],
    ),
    "its own page": survey(A, asked("b", visibleIf="isContainerReady('p')")),
    "a page of its questions": {
        "pages": [
            {"name": "p", "enableIf": "propertyValue('a', 'isReadOnly')", "elements": [A]},
            {"name": "q", "visibleIf": "displayValue('b') = '1'", "elements": [B]},
        ]
    },
    "its own property": survey(A, asked("b", visibleIf="propertyValue('b', 'isVisible')")),
    "properties of each other": survey(
        A, *(
            asked(f"q{one}", enableIf=" or ".join(
                f"propertyValue('q{other}', 'isReadOnly')" for other in range(12) if other != one
            ))
            for one in range(12)
        ),
    ),
    "a long chain": survey(A, asked("b", defaultValueExpression="+".join(["1"] * 990))),
    "a chain of truths": survey(A, asked("b", visibleIf=" or ".join(["{a}=1"] * 200))),
    "an answer that calls itself": survey(
        {"type": "matrixdynamic", "name": "r", "columns": [{"name": "n", "cellType": "text"}]},
        A, B, asked("c", defaultValueExpression="sumInArray({r}, 'n', {b})"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDLESS)
def test_no_definition_goes_round_without_end(name: str) -> None:
    definition = read_definition(ENDLESS[name])
    began = time.process_time()
    sitting = Sitting(definition, now=NOW)
    sitting.answer("r", [{"n": 1}])
    sitting.answer("b", "sumInArray({r}, 'n', {b}) > 0")
    sitting.answer("a", 1)
    go_on(sitting)
    assert json.dumps(result_of(sitting))
    assert len(screens(definition, sitting.values)) >= 1
    complete(definition, {"a": 1, "b": "1"})
    assert time.process_time() - began < 3


def test_a_right_row_of_consequences_is_followed_to_its_end() -> None:
    row = [asked(f"q{n}", setValueExpression=f"{{q{n - 1}}}") for n in range(24, 0, -1)]
    sitting = Sitting(read_definition(survey(asked("q0"), *row)), now=NOW)
    sitting.answer("q0", "x")
    assert sitting.values == dict.fromkeys([f"q{n}" for n in range(25)], "x")


@pytest.mark.parametrize("kind", ["checkbox", "tagbox", "ranking", "slider", "paneldynamic"])
def test_a_list_longer_than_what_is_offered_is_refused_before_it_is_read(kind: str) -> None:
    choices = (
        {"choices": [f"choice {one}" for one in range(300)]}
        if kind in ("checkbox", "tagbox", "ranking")
        else {}
    )
    definition = read_definition(survey(skeleton(kind, "q") | choices))
    began = time.process_time()
    for member in ("choice 299", {}):
        assert complete(definition, {"q": [member] * 60_000}).problems
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "pattern",
    [
        "^(a+)+$", "^(a|a)*$", "^(a?a)+$", "(", "(a{2,3})+", "^((a?){12}){12}b$", "(a|a)" * 30,
        "a?" * 40, "a{0,12}" * 8, "^((a+){4}){4}$", "^(\u017f|s)*$", "^(?x)(a+ #)\n)+$",
        "(?#[)(a+)+(?#])",
    ],
)  # fmt: skip
def test_patterns_with_too_many_ways_are_refused_when_they_are_read(pattern: str) -> None:
    with pytest.raises(Unreadable):
        read_definition(survey(asked("q", validators=[{"type": "regex", "regex": pattern}])))


@pytest.mark.parametrize(
    "validator",
    [
        {"type": "regex", "regex": r"\w+\s?\d$"},
        {"type": "regex", "regex": r"^.*a.*a.*$"},
        {"type": "text", "allowDigits": False},
        {"type": "email"},
        {"type": "numeric"},
    ],
)
def test_long_texts_are_looked_at_within_bounds(validator: dict[str, Any]) -> None:
    question = {"type": "comment", "name": "q", "maxLength": 2000, "validators": [validator]}
    definition = read_definition(survey(question))
    began = time.process_time()
    for text in ("1" * 1999 + "x", "a" * 2000, "a@" + "b." * 990):
        complete(definition, {"q": text})
    complete(read_definition(survey(A)), {"a": "9" * 100_000 + "x"})
    assert time.process_time() - began < 2


@pytest.mark.parametrize(("step", "number", "is_off"), [
    (0.01, 1e308, False), (0.01, 0.1 + 0.2, False), (0.5, 1.25, True), (1e-6, 0.000001, False),
])  # fmt: skip
def test_steps_are_exact(step: float, number: float, is_off: bool) -> None:
    checked = complete(read_definition(survey(A | {"step": step})), {"a": number})
    assert [one.code for one in checked.problems] == ["off_step"] * is_off


def test_a_step_too_small_to_be_counted_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_definition(survey(A | {"step": 1e-7}))


@pytest.mark.parametrize("sign", ["<>", "!=", "notequal"])
def test_not_equal_has_three_names(sign: str) -> None:
    different = read_expression(f"{{a}} {sign} 5")
    assert [different.holds(Scope({"a": one}, now=NOW)) for one in (4, 5)] == [True, False]


def test_half_a_character_is_dropped() -> None:
    checked = complete(read_definition(survey(B)), {"b": "so\ud800 so"})
    assert checked.values == {"b": "so so"}
