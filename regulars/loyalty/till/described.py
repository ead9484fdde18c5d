"""The door for tills in the OpenAPI document, drawn from the shapes it reads and writes."""

from typing import Any

import msgspec

from regulars.core.api.outline import describe_door
from regulars.loyalty.till.door import PREFIX, SCOPE
from regulars.loyalty.till.shapes import (
    Basket,
    Batch,
    BatchTold,
    Cancel,
    Cancelled,
    Committed,
    Purchase,
    Quoted,
    Return,
    Returned,
)

REPEATS = {"quote": "nothing", "batch": "entry"}
"""What makes a repeat harmless, where it is not the key: a quote leaves nothing behind, and each
entry of a batch has a name of its own."""

_OPERATIONS: tuple[tuple[str, type, type, int, str, str], ...] = (
    (
        "quote",
        Basket,
        Quoted,
        200,
        "Quote a basket",
        (
            "What it would earn and what may pay for it. It runs through the code that commits and is"
            " taken back, so the commit gives the same, unless something happened in between."
        ),
    ),
    (
        "commit",
        Purchase,
        Committed,
        201,
        "Commit a receipt",
        (
            "On record and on the books, exactly once by its source and number. With `redeem`, points"
            " pay first; where they do not suffice nothing is done."
        ),
    ),
    (
        "cancel",
        Cancel,
        Cancelled,
        201,
        "Cancel a receipt",
        (
            "Takes it off the books, with what it earned and what paid for it. Where it has not come"
            " yet, it will be refused when it does (code `cancelled`)."
        ),
    ),
    (
        "return",
        Return,
        Returned,
        201,
        "Return goods",
        "On record; their share of the points is taken back, by the program's policy.",
    ),
    (
        "batch",
        Batch,
        BatchTold,
        200,
        "Send what happened offline",
        (
            "Up to 1,000 entries with the times of the till. Each is taken exactly once by its source"
            " and number and answered alone, so a batch may be sent again in whole."
        ),
    ),
)


def describe() -> None:
    """Add the door's operations to the API's document."""
    shapes = [shape for _, asks, tells, *_ in _OPERATIONS for shape in (asks, tells)]
    references, schemas = msgspec.json.schema_components(
        shapes, ref_template="#/components/schemas/Till{name}"
    )
    pairs = zip(references[::2], references[1::2], strict=True)
    paths = {
        f"{PREFIX}{act}": {"post": _operation(act, asks, tells, status, summary, text)}
        for (act, _, _, status, summary, text), (asks, tells) in zip(
            _OPERATIONS, pairs, strict=True
        )
    }
    describe_door(paths, {f"Till{name}": schema for name, schema in schemas.items()})


def _operation(  # noqa: PLR0917 (a row of the table above, and its shapes)
    act: str,
    asks: dict[str, Any],
    tells: dict[str, Any],
    status: int,
    summary: str,
    text: str,
) -> dict[str, Any]:
    return {
        "operationId": f"till_{act}",
        "summary": summary,
        "description": text,
        "tags": ["Till"],
        "parameters": [],
        "requestBody": {"required": True, "content": {"application/json": {"schema": asks}}},
        "responses": {
            status: {"description": "Done.", "content": {"application/json": {"schema": tells}}}
        },
        "security": [{"ApiKeyBearer": []}],
        "x-scope": SCOPE,
        "x-idempotency": REPEATS.get(act, "key"),
    }
