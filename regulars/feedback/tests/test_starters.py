"""The surveys to start from: by the published schema of SurveyJS, and by our own reading."""

import json
from typing import Any

import jsonschema_rs
import pytest

from regulars.feedback.starters import STARTERS, Starter
from regulars.feedback.survey.definition import examine
from regulars.feedback.tests.every_kind import EVERY_KIND
from regulars.feedback.tests.node import NODE

SCHEMA = NODE / "node_modules/survey-core/surveyjs_definition.json"
"""Draft-07, published with survey-core (MIT) and pinned with it by tests/node/package-lock.json."""


def _with_local_references(part: Any) -> Any:
    """The schema with its references as pointers; it names its definitions by bare words."""
    if isinstance(part, list):
        return [_with_local_references(one) for one in part]
    if not isinstance(part, dict):
        return part
    local = {key: _with_local_references(one) for key, one in part.items()}
    if isinstance(local.get("$id"), str):
        del local["$id"]
    reference = local.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        local["$ref"] = f"#/definitions/{reference}"
    return local


@pytest.mark.skipif(not SCHEMA.exists(), reason="survey-core is not installed in tests/node")
def test_what_we_store_follows_the_published_schema() -> None:
    validator = jsonschema_rs.validator_for(
        _with_local_references(json.loads(SCHEMA.read_text(encoding="utf-8")))
    )
    for definition in (*(one.definition for one in STARTERS), EVERY_KIND):
        assert [str(one) for one in validator.iter_errors(definition)] == []
    assert not validator.is_valid({"pages": [{"name": 5}]})


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.key)
def test_a_starter_has_nothing_wrong_in_it(starter: Starter) -> None:
    assert examine(starter.definition)[1] == []
