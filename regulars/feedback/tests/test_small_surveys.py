"""Small surveys for rules that random ways have found: what ours gives, and survey-core as well."""

from datetime import datetime
from typing import Any

import pytest

from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.tests.node import (
    IS_THERE,
    answers_of_node,
    as_node_says,
    kept_of,
    seen_by_node,
)
from regulars.feedback.tests.walks import walked

NOW = datetime.fromisoformat("2026-11-28T12:00")
Json = dict[str, Any]


def text(name: str, **more: Any) -> Json:
    return {"type": "text", "name": name, **more}


def number(name: str, **more: Any) -> Json:
    return text(name, inputType="number", **more)


def choice(name: str, **more: Any) -> Json:
    return {"type": "checkbox", "name": name, "choices": ["a", "b"], **more}


YES: Json = {
    "type": "boolean", "name": "a", "valueTrue": "yes", "valueFalse": 0, "labelTrue": "Sure",
}  # fmt: skip
SOURCE: Json = {
    "type": "checkbox", "name": "a", "choices": ["x", {"value": "y", "text": "Why"}, "z"],
    "showOtherItem": True, "showNoneItem": True,
}  # fmt: skip
ROWS: Json = {"type": "matrix", "name": "rows", "columns": [1, 2], "rows": ["r1", "r2"]}
CELLS: Json = {
    "type": "matrixdropdown", "name": "cells", "rows": ["r1", "r2"],
    "columns": [{"name": "x", "cellType": "text", "isRequired": True}],
}  # fmt: skip


def taken_over(name: str, mode: str = "all", **more: Any) -> Json:
    told = {"type": "checkbox", "name": name, "choicesFromQuestion": "a", **more}
    return {key: one for key, one in told.items() if one is not None} | {
        "choicesFromQuestionMode": mode
    }


def survey(*pages: list[Json], **more: Any) -> Json:
    named = [{"name": f"p{at}", "elements": list(one)} for at, one in enumerate(pages, 1)]
    return {"pages": named, **more}


WAYS: dict[str, tuple[Json, list[Json], Json]] = {
    "a part of no answer ends nothing": (
        survey(
            [ROWS], [text("b")], triggers=[{"type": "complete", "expression": "{rows.r1} empty"}]
        ),
        [{"go": "on"}],
        {"data": {}, "page": "p2"},
    ),
    "an empty part of an answer ends the survey": (
        survey(
            [ROWS], [text("b")], triggers=[{"type": "complete", "expression": "{rows.r1} empty"}]
        ),
        [{"set": {"rows": {"r2": 1}}}, {"go": "on"}],
        {"data": {"rows": {"r2": 1}}, "completed": True},
    ),
    "a part of an answer that went away sets nothing": (
        survey([ROWS, text("b", setValueIf="{rows.r1} empty", setValueExpression="{rows.length}")]),
        [{"set": {"rows": {"r1": 1}}}, {"set": {"rows": None}}],
        {"data": {}, "page": "p1"},
    ),
    "an answer that went away sets another": (
        survey([ROWS, text("b", setValueIf="{rows} empty", setValueExpression="{rows.length}")]),
        [{"set": {"rows": {"r1": 1}}}, {"set": {"rows": None}}],
        {"data": {"b": 0}, "page": "p1"},
    ),
    "a constant is set after every change": (
        survey([text("a"), text("b", setValueIf="{a} = 'x'", setValueExpression="'y'"), text("c")]),
        [{"set": {"a": "x"}}, {"set": {"b": None}}, {"set": {"c": "z"}}],
        {"data": {"a": "x", "b": "y", "c": "z"}, "page": "p1"},
    ),
    "another answer is set when one of its variables changes": (
        survey([text("a"), text("b", setValueIf="{a} = 'x'", setValueExpression="{a}"), text("c")]),
        [{"set": {"a": "x"}}, {"set": {"b": None}}, {"set": {"c": "z"}}],
        {"data": {"a": "x", "c": "z"}, "page": "p1"},
    ),
    "a function without variables is looked at after every change": (
        survey(
            [text("a"), text("b"), text("c")],
            triggers=[
                {
                    "type": "setvalue",
                    "setToName": "b",
                    "setValue": "y",
                    "expression": "currentYear() > 2000 and {a} = 'x'",
                }
            ],
        ),
        [{"set": {"a": "x"}}, {"set": {"b": None}}, {"set": {"c": "z"}}],
        {"data": {"a": "x", "b": "y", "c": "z"}, "page": "p1"},
    ),
    "what an answer leads to does not reset it": (
        survey(
            [number("a"), choice("c", resetValueIf="{a} < 8")],
            triggers=[
                {"type": "setvalue", "expression": "{c} notempty", "setToName": "a", "setValue": 5}
            ],
        ),
        [{"set": {"a": 9}}, {"set": {"c": ["b"]}}],
        {"data": {"a": 5, "c": ["b"]}, "page": "p1"},
    ),
    "what an answer leads to does not set it": (
        survey(
            [number("a"), text("c", setValueIf="{a} = 5", setValueExpression="'set'")],
            triggers=[
                {"type": "setvalue", "expression": "{c} = 'own'", "setToName": "a", "setValue": 5}
            ],
        ),
        [{"set": {"c": "own"}}],
        {"data": {"a": 5, "c": "own"}, "page": "p1"},
    ),
    "the next answer does reset it": (
        survey([number("a"), choice("c", resetValueIf="{a} < 8")]),
        [{"set": {"a": 9}}, {"set": {"c": ["b"]}}, {"set": {"a": 5}}],
        {"data": {"a": 5}, "page": "p1"},
    ),
    "the way back after a skip leads where one came from": (
        survey(
            [text("a")],
            [text("b")],
            [text("c")],
            triggers=[{"type": "skip", "expression": "{a} = 'x'", "gotoName": "c"}],
        ),
        [{"set": {"a": "x"}}, {"go": "on"}, {"go": "back"}],
        {"data": {"a": "x"}, "page": "p1"},
    ),
    "the way back without a skip leads to the page before": (
        survey(
            [text("a")],
            [text("b")],
            [text("c")],
            triggers=[{"type": "skip", "expression": "{a} = 'x'", "gotoName": "c"}],
        ),
        [{"go": "on"}, {"go": "on"}, {"go": "back"}],
        {"data": {}, "page": "p2"},
    ),
    "a value out of bounds that a trigger gives is found wrong on its page": (
        survey(
            [text("a"), number("b", min=2, max=8)],
            triggers=[
                {"type": "setvalue", "expression": "{a} = 'x'", "setToName": "b", "setValue": 9}
            ],
        ),
        [{"set": {"a": "x"}}, {"go": "on"}],
        {"data": {"a": "x", "b": 9}, "page": "p1", "errors": [["b", "custom"]]},
    ),
    "a calculated value that is the list of a hidden answer is emptied with it": (
        survey(
            [text("a"), choice("c", visibleIf="{a} empty"), number("d", visibleIf="{a} empty")],
            calculatedValues=[
                {
                    "name": "list",
                    "expression": "iif({c} notempty, {c}, 7)",
                    "includeIntoResult": True,
                },
                {
                    "name": "one",
                    "expression": "iif({d} notempty, {d}, 7)",
                    "includeIntoResult": True,
                },
            ],
        ),
        [{"set": {"c": ["a"]}}, {"set": {"d": 1}}, {"set": {"a": "x"}}, {"go": "on"}],
        {"data": {"a": "x", "list": [], "one": 1}, "completed": True},
    ),
    "a calculated value that is a hidden ranking is emptied with it": (
        survey(
            [text("a"), {**choice("c", visibleIf="{a} empty"), "type": "ranking"}],
            calculatedValues=[
                {
                    "name": "list",
                    "expression": "iif({c} notempty, {c}, 7)",
                    "includeIntoResult": True,
                },
            ],
        ),
        [{"set": {"c": ["b", "a"]}}, {"set": {"a": "x"}}, {"go": "on"}],
        {"data": {"a": "x", "list": []}, "completed": True},
    ),
    "the order of a ranking counts where it is compared itself": (
        survey(
            [{**choice("c"), "type": "ranking"}, text("a")],
            calculatedValues=[
                {"name": "list", "expression": "{c}"},
                {"name": "itself", "expression": "{c} = ['a', 'b']", "includeIntoResult": True},
                {"name": "taken", "expression": "{list} = ['a', 'b']", "includeIntoResult": True},
                {
                    "name": "given",
                    "includeIntoResult": True,
                    "expression": "iif({c} notempty, {c}, 7) = ['a', 'b']",
                },
            ],
        ),
        [{"set": {"c": ["b", "a"]}}],
        {"data": {"c": ["b", "a"], "itself": False, "taken": True, "given": True}, "page": "p1"},
    ),
    "a value out of bounds that a trigger gives at the beginning is there": (
        survey(
            [{"type": "expression", "name": "e", "expression": "1"}, number("b", min=2, max=8)],
            triggers=[
                {"type": "setvalue", "expression": "{e} = 1", "setToName": "b", "setValue": 9}
            ],
        ),
        [{"go": "on"}],
        {"data": {"e": 1, "b": 9}, "page": "p1", "errors": [["b", "custom"]]},
    ),
    "yes is kept as what the survey names for it": (
        survey(
            [YES, {**YES, "name": "c"}, text("b", visibleIf="{a} = 'yes'")],
            calculatedValues=[
                {"name": "no", "expression": "{c} = 0", "includeIntoResult": True},
                {"name": "said", "expression": "displayValue('a')", "includeIntoResult": True},
            ],
        ),
        [{"set": {"a": "yes", "b": "x", "c": 0}}],
        {"data": {"a": "yes", "b": "x", "c": 0, "no": True, "said": "Sure"}, "page": "p1"},
    ),
    "a default of yes or no begins with what is kept for it": (
        survey(
            [
                {**YES, "defaultValue": True},
                {**YES, "name": "b", "defaultValue": "false"},
                {**YES, "name": "c", "defaultValue": "yes"},
                {**YES, "name": "d", "defaultValue": "indeterminate"},
                {**YES, "name": "e", "defaultValue": 0},
                {"type": "boolean", "name": "f", "defaultValue": "true"},
            ]
        ),
        [{"set": {"d": 0}}],
        {"data": {"a": "yes", "b": 0, "c": "yes", "d": 0, "e": 0, "f": True}, "page": "p1"},
    ),
    "the choices that were taken elsewhere are offered, and come back": (
        survey(
            [SOURCE, taken_over("b", "selected"), taken_over("c", "unselected", type="radiogroup")]
        ),
        [
            {"set": {"a": ["x", "z"]}},
            {"set": {"b": ["x", "z"], "c": "y"}},
            {"set": {"a": ["z", "y"]}},
            {"set": {"a": ["z", "x"]}},
        ],
        {"data": {"a": ["z", "x"], "b": ["z", "x"]}, "page": "p1"},
    ),
    "what is written beside another choice is a choice elsewhere": (
        survey([SOURCE, taken_over("b", "selected"), taken_over("c", showOtherItem=True)]),
        [
            {"set": {"a": ["x", "other"]}, "comment": {"a": "wood"}},
            {"set": {"b": ["other"], "c": ["z"]}},
        ],
        {"data": {"a": ["x", "other"], "a-Comment": "wood", "b": ["other"], "c": ["z"]}},
    ),
    "choices of choices of a hidden question go with its answer at the end": (
        survey(
            [
                {**SOURCE, "visibleIf": "{t} != 'no'"},
                text("t"),
                taken_over("b", "selected"),
                {**taken_over("c"), "choicesFromQuestion": "b"},
                taken_over("d"),
            ]
        ),
        [
            {"set": {"a": ["x"]}},
            {"set": {"b": ["x"], "c": ["x"], "d": ["x"], "t": "no"}},
            {"go": "on"},
        ],
        {"data": {"t": "no", "d": ["x"]}, "completed": True},
    ),
    "choices are taken over in rows and panels": (
        survey(
            [
                SOURCE,
                {
                    "type": "matrixdynamic",
                    "name": "m",
                    "rowCount": 1,
                    "columns": [{**taken_over("b", "selected", type=None), "cellType": "dropdown"}],
                },
                {
                    "type": "paneldynamic",
                    "name": "p",
                    "panelCount": 1,
                    "templateElements": [taken_over("b", "selected")],
                },
            ]
        ),
        [
            {"set": {"a": ["x", "y"]}},
            {"set": {"m": [{"b": "x"}], "p": [{"b": ["x", "y"]}]}},
            {"set": {"a": ["y"]}},
        ],
        {"data": {"a": ["y"], "p": [{"b": ["y"]}]}, "page": "p1"},
    ),
    "an emoji is as long as two letters": (
        survey(
            [
                text("a", validators=[{"type": "text", "maxLength": 3}]),
                text("b", visibleIf="{a.length} > 3"),
            ]
        ),
        [{"set": {"a": "ab😀"}}, {"go": "on"}],
        {"data": {"a": "ab😀"}, "page": "p1", "errors": [["a", "custom"]]},
    ),
    "what is hidden since it was wrong is wrong no more": (
        survey([text("a"), {**CELLS, "visibleIf": "{a} = 'show'"}, text("b", isRequired=True)]),
        [{"set": {"a": "show"}}, {"go": "on"}, {"set": {"a": "hide"}}, {"go": "on"}],
        {"data": {"a": "hide"}, "page": "p1", "errors": [["b", "required"]]},
    ),
}


EXPRESSIONS: dict[str, tuple[str, Json, Any]] = {
    "a list of one number is a place in a text": ("substring({#a}, [1])", {"a": "0,5"}, ",5"),
    "and where it ends": ("substring({a}, 0, {b})", {"a": "feedback", "b": ["4"]}, "feed"),
    "a comma is no point in a list": ("substring({a}, {b})", {"a": "feedback", "b": ["1,0"]}, ""),
    "a list of two is no place": ("substring({a}, [0, 1])", {"a": "feedback"}, ""),
    "truth in a list is no place": ("substring({a}, [true])", {"a": "feedback"}, ""),
    "an empty list is no place": ("substring({a}, [])", {"a": "feedback"}, ""),
    "a long row of digits in a list goes on as a text": (
        "[{a}] + 6", {"a": "12345678901234567"}, "123456789012345676",
    ),
    "a number before a list of one makes a text": ("{a} + {b}", {"a": 1, "b": [2]}, "12"),
    "beside a list of two it is their sum": ("{a} + {b}", {"a": 1, "b": [2, 3]}, 6),
    "digits of a list count in a difference": ("{a} - 1", {"a": [1.005]}, 0.005),
    "and in a product": ("{a} * {b}", {"a": [0.1], "b": "0.2"}, 0.02),
    "the latest of moments stays where a text follows": (
        "max(dateAdd('2026-11-28', -3, 'years'), {a})", {"a": "2026-11-28"},
        datetime.fromisoformat("2023-11-28"),
    ),
    "and the first text where a moment follows": (
        "min({a}, dateAdd('2026-11-28', -3, 'years'))", {"a": "2026-11-28"}, "2026-11-28",
    ),
    "of moments alone it is the latest": (
        "max(dateAdd('2026-11-28', -3, 'years'), dateAdd('2026-11-28', 1))", {},
        datetime.fromisoformat("2026-11-29"),
    ),
    "an emoji is as long as two letters": ("{a.length}", {"a": "ab😀"}, 4),
    "and has two places": ("substring({a}, 2, 4) + substring({a}, 4)", {"a": "ab😀c"}, "😀c"),
    "a list in a column is joined, not added": (
        "sumInArray({a}, 'n')", {"a": [{"n": [5]}, {"n": 1}]}, "051",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_small_expression_gives_what_it_must(name: str) -> None:
    expression, values, wanted = EXPRESSIONS[name]
    assert read_expression(expression).evaluate(Scope(values, now=NOW)) == wanted


@pytest.mark.skipif(not IS_THERE, reason="survey-core is not installed in tests/node")
def test_survey_core_gives_small_expressions_so_too() -> None:
    tasks = [{"expression": text, "values": values} for text, values, _ in EXPRESSIONS.values()]
    given = [seen_by_node(answer["value"]) for answer in answers_of_node(tasks, now=NOW)]
    wanted = [seen_by_node(as_node_says(wanted)) for _, _, wanted in EXPRESSIONS.values()]
    assert dict(zip(EXPRESSIONS, given, strict=True)) == dict(zip(EXPRESSIONS, wanted, strict=True))


@pytest.mark.parametrize("name", WAYS)
def test_a_small_survey_ends_as_it_must(name: str) -> None:
    definition, steps, wanted = WAYS[name]
    last = walked({"definition": definition, "steps": steps}, now=NOW)[-1]
    assert {key: last.get(key) for key in wanted} == wanted


@pytest.mark.skipif(not IS_THERE, reason="survey-core is not installed in tests/node")
def test_survey_core_ends_small_surveys_so_too() -> None:
    tasks = [{"definition": definition, "steps": steps} for definition, steps, _ in WAYS.values()]
    ends = [answer["states"][-1] for answer in answers_of_node(tasks, now=NOW)]
    wanted = {name: wanted for name, (_, _, wanted) in WAYS.items()}
    assert {
        name: {key: kept_of(end["data"]) if key == "data" else end[key] for key in wanted[name]}
        for name, end in zip(WAYS, ends, strict=True)
    } == wanted
