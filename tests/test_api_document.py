"""The whole API by its own document: what is declared, and that no input makes an operation fail."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ninja.openapi.schema import OpenAPISchema
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from regulars.core.api.keys import create_key
from regulars.core.api.operations import LINE_MODELS
from regulars.core.api.problems import DECLARED
from regulars.urls import api

pytestmark = pytest.mark.django_db

DOCUMENT: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
OPERATIONS = [
    (method, address)
    for address, methods in DOCUMENT["paths"].items()
    for method in sorted(methods)
]

REPEATS = {"key", "line", "entry", "nothing"}
"""Why a repeat is harmless: the request has a name, or each line, or each entry; or it leaves
nothing behind."""


def operation_of(method: str, address: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][address][method]
    return found


def test_the_document_is_as_it_was(snapshot: SnapshotAssertion) -> None:
    assert snapshot(extension_class=JSONSnapshotExtension) == DOCUMENT


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
def test_every_operation_says_what_it_needs_and_may_answer(method: str, address: str) -> None:
    operation = operation_of(method, address)
    assert {str(status) for status in DECLARED} <= operation["responses"].keys()
    assert re.fullmatch(r"[a-z_]+:[a-z_]+", operation["x-scope"])
    assert operation["security"] == [{"ApiKeyBearer": []}]
    assert len(operation["description"].splitlines()[0]) > 10
    assert operation["tags"]
    if method != "get":
        assert operation.get("x-idempotency") in REPEATS, "a write without a rule for repeats"


def test_operation_names_are_unique() -> None:
    names = [operation_of(*one)["operationId"] for one in OPERATIONS]
    assert len(names) == len(set(names))


def test_a_name_in_the_document_stands_for_one_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two shapes of one name the document would keep the last, and lie about the other."""
    shapes: dict[str, set[tuple[str, ...]]] = defaultdict(set)

    def noted(document: OpenAPISchema, definitions: dict[str, dict[str, Any]]) -> None:
        for name, shape in definitions.items():
            shapes[name].add((shape.get("description", ""), *sorted(shape.get("properties", ()))))
        document.schemas.update(definitions)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", noted)
    api.get_openapi_schema(path_prefix="/api/v1/")
    for model in LINE_MODELS.values():
        whole = model.model_json_schema(ref_template="#/components/schemas/{model}")
        noted(OpenAPISchema(api, ""), whole.pop("$defs", {}) | {model.__name__: whole})
    assert len(shapes) > 200
    told_twice = {name for name, found in shapes.items() if len(found) > 1}
    # Where points of a part of the year die, `from` may be said for `since`: it is one shape.
    assert told_twice == {"FixedDate"}


def test_every_shape_in_the_document_is_there() -> None:
    told = re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT))
    assert set(told) <= DOCUMENT["components"]["schemas"].keys()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that mostly fit a schema, with its examples among them, and sometimes anything."""
    if "$ref" in schema:
        return values_of(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([values_of(one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | ANYTHING
    fitting = fitting_values(schema)
    return st.sampled_from(schema["examples"]) | fitting if "examples" in schema else fitting


def fitting_values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "object":
        wanted = set(schema.get("required", []))
        given = {name: values_of(one) for name, one in schema.get("properties", {}).items()}
        needed = {name: given.pop(name) for name in list(given) if name in wanted}
        return st.fixed_dictionaries(needed, optional=given)
    if kind == "array":
        return st.lists(values_of(schema.get("items", {})), min_size=1, max_size=2)
    if kind == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if kind == "string":
        return TEXTS.get(schema.get("format", ""), TEXTS[""])
    return {"number": st.floats(), "boolean": st.booleans(), "null": st.none()}.get(kind, ANYTHING)


TEXTS = {
    "date-time": st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    "date": st.dates().map(lambda day: day.isoformat()),
    "": st.text(max_size=8) | st.just("1"),
}


@cache
def requests_of(method: str, address: str) -> st.SearchStrategy[dict[str, Any]]:
    operation = operation_of(method, address)
    parameters = [one for one in operation["parameters"] if "$ref" not in one]
    content = operation.get("requestBody", {}).get("content", {})
    body = values_of(next(iter(content.values()))["schema"]) if content else st.none()
    return st.fixed_dictionaries(
        {
            "path": st.fixed_dictionaries(
                {one["name"]: values_of(one["schema"]) for one in parameters if one["in"] == "path"}
            ),
            "query": st.fixed_dictionaries(
                {},
                optional={
                    one["name"]: values_of(one["schema"])
                    for one in parameters
                    if one["in"] == "query"
                },
            ),
            "body": body | ANYTHING if content else body,
        }
    )


@pytest.fixture
def secret() -> Iterator[str]:
    made = create_key(name="fuzz", scopes=["*"], now=timezone.now())
    made.key.requests_per_minute = 10**9
    made.key.save()
    return made.secret


@pytest.mark.parametrize(("method", "address"), OPERATIONS)
@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_no_input_makes_an_operation_fail(
    method: str, address: str, *, secret: str, data: st.DataObject
) -> None:
    asked = data.draw(requests_of(method, address))
    url = re.sub(r"{(\w+)}", lambda found: quoted(asked["path"][found[1]]), address)
    client = Client(
        raise_request_exception=False,
        headers={
            "authorization": f"Bearer {secret}",
            "idempotency-key": str(data.draw(st.uuids())),
        },
    )
    response = client.generic(
        method.upper(),
        url,
        json.dumps(asked["body"]),
        content_type="application/json",
        query_params={name: str(value) for name, value in asked["query"].items()},
    )
    assert response.status_code < 500, response.content
    known = operation_of(method, address)["responses"].keys() | {"405"}
    assert str(response.status_code) in known
    if response.status_code >= 400:
        assert response["content-type"] == "application/problem+json"


def quoted(value: object) -> str:
    return re.sub(r"[^\w-]", "_", str(value)) or "_"
