"""The OpenAPI document's shared parts: problems, scopes, idempotency, lines."""

from copy import deepcopy
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from regulars.core.api.idempotency import HEADER, LENGTH_MAX
from regulars.core.api.lines import MEDIA_TYPE as NDJSON
from regulars.core.api.operations import LINE_MODELS
from regulars.core.api.problems import DECLARED, LineAnswer, Problem
from regulars.core.api.problems import MEDIA_TYPE as PROBLEM_JSON

Document = dict[str, Any]

_REASONS = {
    400: "The request cannot be read: no JSON, or a header is missing.",
    401: "There is no valid key.",
    403: "The key lacks the scope, or its stores do not include this one.",
    404: "There is nothing of that id, or not for this key.",
    409: "The Idempotency-Key was used for another request, or another change came first.",
    413: "The body is too large.",
    422: "A value is wrong; `errors` names the fields.",
    429: "Too many requests with this key; `Retry-After` says how many seconds to wait.",
    500: "The request failed on our side; it changed nothing and may be sent again.",
}


_DOORS: dict[str, Document] = {}
_DOOR_SCHEMAS: dict[str, Document] = {}


def describe_door(paths: dict[str, Document], schemas: dict[str, Document]) -> None:
    """Have operations of a door, which the API's own machinery does not know, in its document."""
    _DOORS.update(paths)
    _DOOR_SCHEMAS.update(schemas)


def completed(document: Document) -> None:
    """Adds to an OpenAPI document, in place, what all operations share."""
    components = document["components"]
    document["paths"].update(deepcopy(_DOORS))
    components["schemas"].update(deepcopy(_DOOR_SCHEMAS))
    _add_model(components, Problem)
    _add_model(components, LineAnswer)
    for model in LINE_MODELS.values():
        _add_model(components, model)
    components["responses"] = {f"Problem{status}": _response(status) for status in DECLARED}
    components["parameters"] = {"IdempotencyKey": _idempotency_key()}
    for scheme in components.get("securitySchemes", {}).values():
        scheme["description"] = "A key from Settings → API keys: `rk_…`."
    for operations in document["paths"].values():
        for operation in operations.values():
            _complete(operation)


def _complete(operation: Document) -> None:
    for status in DECLARED:
        reference = {"$ref": f"#/components/responses/Problem{status}"}
        operation["responses"].setdefault(status, reference)
    scope = operation.get("x-scope")
    if scope:
        described = operation.get("description", "")
        operation["description"] = f"{described}\n\nNeeds the scope `{scope}`.".strip()
    match operation.get("x-idempotency"):
        case "key":
            operation["parameters"].append({"$ref": "#/components/parameters/IdempotencyKey"})
        case "line":
            _take_lines(operation)


def _take_lines(operation: Document) -> None:
    line = {"$ref": f"#/components/schemas/{operation['x-line']}"}
    operation["description"] += (
        "\n\nThe body is NDJSON: one JSON value per line. The answer has one line for each, with its"
        " `line`, `status`, and `result` or `errors`. Each line has a natural key of its own, so"
        " sending lines again is harmless and no Idempotency-Key is taken."
    )
    operation["requestBody"] = {"required": True, "content": {NDJSON: {"schema": line}}}
    answer = {"$ref": "#/components/schemas/LineAnswer"}
    operation["responses"][200] = {
        "description": "One answer per line.",
        "content": {NDJSON: {"schema": answer}},
    }


def _response(status: int) -> Document:
    problem = {"$ref": "#/components/schemas/Problem"}
    response: Document = {
        "description": _REASONS[status],
        "content": {PROBLEM_JSON: {"schema": problem}},
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        seconds = {"schema": {"type": "integer"}, "description": "Seconds to wait."}
        response["headers"] = {"Retry-After": seconds}
    return response


def _idempotency_key() -> Document:
    return {
        "name": HEADER,
        "in": "header",
        "required": True,
        "description": "Names this write. The same name and body again give the same answer and no"
        " second effect; the same name with another body is refused with 409.",
        "schema": {"type": "string", "minLength": 1, "maxLength": LENGTH_MAX},
        "example": "till-7-2026-01-31-000123",
    }


def _add_model(components: Document, model: type[BaseModel]) -> None:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"].update(schema.pop("$defs", {}))
    components["schemas"][model.__name__] = schema
