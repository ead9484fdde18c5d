"""What a tracking plan may look like, and how an event breaks it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jsonschema_rs

from regulars.core.errors import Refused

OF_CALLS = {"identify": "$identify", "page": "$page", "screen": "$screen", "group": "$group"}
"""The name under which a plan keeps the schema of calls that carry no event name."""

SCHEMAS_MAX = 2_000


class Breach(NamedTuple):
    """How an event breaks its plan: where, and which rule in words."""

    path: str
    rule: str


class Plan:
    """A plan version made ready: one compiled validator by name."""

    def __init__(
        self, plan_id: int, version: int, *, schemas: Mapping[str, Any], only_planned: bool
    ) -> None:
        self.id = plan_id
        self.version = version
        self.only_planned = only_planned
        self._validators = {name: _compiled(name, schema) for name, schema in schemas.items()}

    def validator_of(self, kind: str, name: str) -> Any:
        """What checks such a call, or None where the plan has no schema for it."""
        return self._validators.get(name if kind == "track" else OF_CALLS.get(kind, ""))

    def knows(self, kind: str, name: str) -> bool:
        """Whether such a call is within the plan; only names of events can be outside."""
        return kind != "track" or not self.only_planned or name in self._validators

    def breach_of(self, kind: str, name: str, properties: Any) -> Breach | None:
        """The first rule that a call breaks, None where it keeps them all.

        >>> plan = Plan(1, 1, schemas={"Coupon Applied": {"required": ["coupon"]}}, only_planned=True)
        >>> plan.breach_of("track", "Coupon Applied", {})
        Breach(path='', rule='"coupon" is a required property')
        >>> plan.breach_of("track", "Cupon Applied", {}).rule
        'the plan has no event of this name'
        """
        if not self.knows(kind, name):
            return Breach("event", "the plan has no event of this name")
        validator = self.validator_of(kind, name)
        if validator is None or validator.is_valid(properties):
            return None
        error = next(iter(validator.iter_errors(properties)))
        return Breach(path_of(error.instance_path), error.message[:300])


def path_of(places: Any) -> str:
    """A place in a document as people write it.

    >>> path_of(["products", 0, "price"])
    'products[0].price'
    """
    path = ""
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}" if path else str(place)
    return path[:200]


def problem_of_schemas(schemas: Any) -> Refused | None:
    """What is wrong with the schemas of a plan, naming the event; None where nothing is."""
    if not isinstance(schemas, Mapping) or len(schemas) > SCHEMAS_MAX:
        return Refused("bad_plan", f"at most {SCHEMAS_MAX} schemas by event name", "schemas")
    for name, schema in schemas.items():
        if not name or len(name) > 254:
            return Refused("bad_plan", "an event name has 1 to 254 characters", "schemas")
        try:
            _compiled(name, schema)
        except Refused as refused:
            return refused
    return None


def _compiled(name: str, schema: Any) -> Any:
    """A validator that reaches nothing outside the schema itself."""
    if not isinstance(schema, dict | bool):
        raise Refused("bad_schema", f"{name}: a schema is an object", "schemas")
    if _refers_outside(schema):
        raise Refused("bad_schema", f"{name}: $ref may only point inside the schema", "schemas")
    try:
        return jsonschema_rs.validator_for(schema)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        detail = str(error).partition("\n")[0][:200]
        raise Refused("bad_schema", f"{name}: {detail}", "schemas") from None


def _refers_outside(schema: Any) -> bool:
    """Whether a schema names another document: fetching it would let a plan reach the network."""
    if isinstance(schema, Mapping):
        named = [schema.get(key) for key in ("$ref", "$dynamicRef")]
        if any(isinstance(ref, str) and not ref.startswith("#") for ref in named):
            return True
        return any(map(_refers_outside, schema.values()))
    return isinstance(schema, list) and any(map(_refers_outside, schema))
