"""Our engine against the public one: random expressions and random ways through random surveys.

`REGULARS_PATHS` says how many ways are gone, 500 without it.
"""

import os
import sys
from datetime import datetime
from itertools import product
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
from regulars.feedback.tests.random_expressions import random_task
from regulars.feedback.tests.random_surveys import random_path
from regulars.feedback.tests.walks import as_offered, walked

pytestmark = pytest.mark.skipif(not IS_THERE, reason="survey-core is not installed in tests/node")

PATHS = int(os.environ.get("REGULARS_PATHS", "500"))
SEED = os.environ.get("REGULARS_SEED", "regulars")
NOW = datetime.fromisoformat("2026-11-28T12:00")
COMPARED_MIN = 0.95
"""The part of all tasks that survey-core must be able to answer, or else nothing is proven."""


def test_expressions_give_what_survey_core_gives() -> None:
    tasks = [random_task(f"{SEED}:{number}") for number in range(4 * PATHS)]
    apart = []
    for task, answer in _compared(tasks, "value"):
        scope = Scope(task["values"], now=NOW)
        ours = as_node_says(read_expression(task["expression"]).evaluate(scope))
        if seen_by_node(ours) != seen_by_node(answer["value"]):
            apart.append((task, answer["value"], ours))
    assert apart == []


def test_ways_through_surveys_are_those_of_survey_core() -> None:
    tasks = [as_offered(random_path(f"{SEED}:{number}"), now=NOW) for number in range(PATHS)]
    apart = [
        (task, difference)
        for task, answer in _compared(tasks, "states")
        if (difference := _difference(walked(task, now=NOW), answer["states"]))
    ]
    assert apart == []


CLEARING = ("none", "onComplete", "onHidden", "onHiddenContainer")
HIDDEN = product(
    ("itself", "around", "inside"),
    ("paneldynamic", "matrixdropdown"),
    product(("default", *CLEARING), ("default", *CLEARING), CLEARING),
)
"""What is hidden, what repeats, and the words for clearing: its own, its question's, the survey's."""


def test_what_repeats_is_emptied_where_survey_core_empties_it() -> None:
    """Ways that chance seldom takes."""
    apart = [
        (task["definition"], difference)
        for task, answer in _compared([_hiding(*one) for one in HIDDEN], "states")
        if (difference := _difference(walked(task, now=NOW), answer["states"]))
    ]
    assert apart == []


def _hiding(where: str, kind: str, clearing: tuple[str, str, str]) -> dict[str, Any]:
    shown = {"visibleIf": "{show} = 1"}
    own, inner, survey = clearing
    inside = {"name": "x", "clearIfInvisible": inner, **(shown if where == "inside" else {})}
    kinds: dict[str, tuple[dict[str, Any], Any]] = {
        "paneldynamic": (
            {"templateElements": [{"type": "text", **inside}]},
            [{"x": "a"}, {"x": "b"}],
        ),
        "matrixdropdown": (
            {"rows": ["r"], "columns": [{"cellType": "text", **inside}]},
            {"r": {"x": "a"}},
        ),
    }
    told, value = kinds[kind]
    repeats = {"type": kind, "name": "list", "clearIfInvisible": own, **told}
    if where == "itself":
        repeats |= shown
    elif where == "around":
        repeats = {"type": "panel", "name": "around", "elements": [repeats], **shown}
    given = [{"show": 1}, {"list": value}, {"show": 2}]
    elements = [{"type": "text", "name": "show"}, repeats]
    definition = {"pages": [{"name": "p", "elements": elements}], "clearInvisibleValues": survey}
    return {"definition": definition, "steps": [*({"set": one} for one in given), {"go": "on"}]}


def _compared(tasks: list[dict[str, Any]], key: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The tasks with survey-core's answers; fails with its faults where there are too few."""
    pairs = list(zip(tasks, answers_of_node(tasks, now=NOW), strict=True))
    faults = [(task, answer) for task, answer in pairs if key not in answer]
    assert len(pairs) - len(faults) >= COMPARED_MIN * len(tasks), faults[:5]
    sys.stdout.writelines(f"not answered: {fault}\n" for fault in faults)
    return [(task, answer) for task, answer in pairs if key in answer]


def _difference(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Any:
    """The first state in which the engines differ: its number, what it is about, both views."""
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        for key in mine:
            theirs = kept_of(other[key]) if key == "data" else other.get(key)
            seen, wanted = seen_by_node(mine[key]), seen_by_node(theirs)
            if key in ("errors", "panels"):
                seen, wanted = sorted(seen), sorted(wanted)
            if seen != wanted:
                return number, key, seen, wanted
    return None
