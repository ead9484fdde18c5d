"""Our engine against the public one: random expressions and random ways through random surveys.

`REGULARS_PATHS` says how many ways are gone, 500 without it.
"""

import os
from datetime import datetime
from typing import Any

import pytest

from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.tests.node import IS_THERE, answers_of_node, as_node_says, seen_by_node
from regulars.feedback.tests.random_expressions import random_task
from regulars.feedback.tests.random_surveys import random_path
from regulars.feedback.tests.walks import as_offered, walked

pytestmark = pytest.mark.skipif(not IS_THERE, reason="survey-core is not installed in tests/node")

PATHS = int(os.environ.get("REGULARS_PATHS", "500"))
SEED = os.environ.get("REGULARS_SEED", "regulars")
NOW = datetime.fromisoformat("2026-11-28T12:00")


def test_expressions_give_what_survey_core_gives() -> None:
    tasks = [random_task(f"{SEED}:{number}") for number in range(4 * PATHS)]
    apart = []
    for task, answer in zip(tasks, answers_of_node(tasks), strict=True):
        if "value" in answer:
            scope = Scope(task["values"], now=NOW)
            ours = as_node_says(read_expression(task["expression"]).evaluate(scope))
            if seen_by_node(ours) != seen_by_node(answer["value"]):
                apart.append((task, answer["value"], ours))
    assert apart == []


def test_ways_through_surveys_are_those_of_survey_core() -> None:
    tasks = [as_offered(random_path(f"{SEED}:{number}"), now=NOW) for number in range(PATHS)]
    apart = [
        (task, difference)
        for task, answer in zip(tasks, answers_of_node(tasks), strict=True)
        if "states" in answer
        and (difference := _difference(walked(task, now=NOW), answer["states"]))
    ]
    assert apart == []


def _difference(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Any:
    """The first state in which the engines differ: its number, what it is about, both views."""
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        for key in mine:
            seen, wanted = seen_by_node(mine[key]), seen_by_node(other.get(key))
            if key in ("errors", "panels"):
                seen, wanted = sorted(seen), sorted(wanted)
            if seen != wanted:
                return number, key, seen, wanted
    return None
