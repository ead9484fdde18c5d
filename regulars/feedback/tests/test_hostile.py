"""Whatever is sent for an answer, the engine answers with problems and never with an error."""

import json
import math
from typing import Any

import pytest

from regulars.feedback.building.skeletons import skeleton
from regulars.feedback.survey.definition import read_definition
from regulars.feedback.survey.path import complete, screens
from regulars.feedback.survey.question import questions

STRANGE: tuple[Any, ...] = (
    "abc", "\x00", "9" * 5000, 5, -1, 1e308, 10**400, -(10**400), math.nan, math.inf, True,
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
