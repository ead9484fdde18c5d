"""Events of a tracking plan as cards that people read and change, and plans compared.

A card shows the part of a JSON schema that a person needs: what the event is, and for each property
its type, whether it must be there, and its choices. Whatever else the schema says stays in it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

TYPES = ("string", "number", "integer", "boolean", "array", "object")
CHOICES_MAX = 8
SEEN_FOR_CHOICES = 20
"""So many values of a property must be seen before its few different ones are taken for choices."""

Schemas = Mapping[str, Any]


@dataclass(frozen=True)
class Property:
    """One property on a card; `type` is empty where any will do, `string|null` where two will."""

    name: str
    type: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Card:
    """One event of a plan as a person sees it; `more` where the schema says more than that."""

    name: str
    description: str = ""
    properties: tuple[Property, ...] = ()
    is_closed: bool = False
    more: bool = False


class Change(NamedTuple):
    """How one event differs between two plans: added, removed, or changed in these properties."""

    name: str
    kind: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def cards_of(schemas: Schemas) -> list[Card]:
    """The cards of a plan, by name; those of whole calls, such as `$page`, last."""
    return sorted(
        (card_of(name, schema) for name, schema in schemas.items()),
        key=lambda card: (card.name.startswith("$"), card.name.casefold()),
    )


def card_of(name: str, schema: Any) -> Card:
    """The card of one schema.

    >>> card_of("Coupon Applied", {"properties": {"coupon": {"type": "string"}}, "required": ["coupon"]})
    Card(name='Coupon Applied', description='', properties=(Property(name='coupon', type='string', required=True, choices=(), description=''),), is_closed=False, more=False)
    """
    if not isinstance(schema, Mapping):
        return Card(name, more=True)
    required = _list(schema.get("required"))
    known = {"type", "title", "description", "properties", "required", "additionalProperties"}
    told = schema.get("properties")
    properties = told.items() if isinstance(told, Mapping) else ()
    return Card(
        name,
        str(schema.get("description", "")),
        tuple(_property(key, value, required=key in required) for key, value in properties),
        is_closed=schema.get("additionalProperties") is False,
        more=not set(schema) <= known or any(_says_more(value) for _key, value in properties),
    )


def _property(name: str, schema: Any, *, required: bool) -> Property:
    told = schema if isinstance(schema, Mapping) else {}
    kind = told.get("type", "")
    choices = tuple(str(one) for one in _list(told.get("enum")))
    kind = "|".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    return Property(name, kind, required, choices, str(told.get("description", "")))


def _says_more(schema: Any) -> bool:
    return isinstance(schema, Mapping) and not set(schema) <= {"type", "enum", "description"}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def schema_with(schema: Any, card: Card) -> dict[str, Any]:
    """The schema as its card says now; what the card does not show is kept.

    >>> schema_with({"minProperties": 1}, Card("A", properties=(Property("n", "integer", True),)))
    {'minProperties': 1, 'type': 'object', 'properties': {'n': {'type': 'integer'}}, 'required': ['n']}
    """
    kept = dict(schema) if isinstance(schema, Mapping) else {}
    before = kept.get("properties")
    before = before if isinstance(before, Mapping) else {}
    made: dict[str, Any] = {**kept, "type": "object"}
    _put(made, "description", card.description)
    made["properties"] = {
        one.name: _schema_of(before.get(one.name), one) for one in card.properties
    }
    _put(made, "required", [one.name for one in card.properties if one.required])
    if card.is_closed:
        made["additionalProperties"] = False
    elif made.get("additionalProperties") is False:
        del made["additionalProperties"]
    return made


def _schema_of(before: Any, told: Property) -> dict[str, Any]:
    made = dict(before) if isinstance(before, Mapping) else {}
    kind = told.type.split("|")
    _put(made, "type", kind if len(kind) > 1 else told.type)
    _put(made, "description", told.description)
    if list(told.choices) != [str(one) for one in _list(made.get("enum"))]:
        _put(made, "enum", [_typed(one, kind) for one in told.choices])
    return made


def _typed(choice: str, kind: Sequence[str]) -> Any:
    """A choice as a value of its property's type."""
    try:
        return int(choice) if "integer" in kind else float(choice) if "number" in kind else choice
    except ValueError:
        return choice


def _put(into: dict[str, Any], key: str, value: Any) -> None:
    if value:
        into[key] = value
    else:
        into.pop(key, None)


def compared(before: Schemas, after: Schemas) -> list[Change]:
    """What differs between two plans, by name.

    >>> compared({"A": {}, "B": {}}, {"B": {"properties": {"n": {}}}, "C": {}})
    [Change(name='A', kind='removed', added=(), removed=(), changed=()), \
Change(name='B', kind='changed', added=('n',), removed=(), changed=()), \
Change(name='C', kind='added', added=(), removed=(), changed=())]
    """
    changes = []
    for name in sorted({*before, *after}, key=str.casefold):
        if name not in after:
            changes.append(Change(name, "removed"))
        elif name not in before:
            changes.append(Change(name, "added"))
        elif before[name] != after[name]:
            changes.append(_change(name, before[name], after[name]))
    return changes


def _change(name: str, before: Any, after: Any) -> Change:
    old, new = (
        {one.name: one for one in card_of(name, told).properties} for told in (before, after)
    )
    return Change(
        name,
        "changed",
        tuple(key for key in new if key not in old),
        tuple(key for key in old if key not in new),
        tuple(key for key in new if key in old and new[key] != old[key]),
    )


def schemas_seen(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Schemas that all of these events keep: types seen, required what each had, few texts as choices.

    >>> schemas_seen([("A", {"n": 1, "who": "ann"}), ("A", {"n": 2.5})])
    {'A': {'type': 'object', 'properties': {'n': {'type': 'number'}, 'who': {'type': 'string'}}, 'required': ['n']}}
    """
    values: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    counts: dict[str, int] = defaultdict(int)
    for name, properties in events:
        counts[name] += 1
        for key, value in properties.items():
            values[name][key].append(value)
    return {name: _seen(values[name], counts[name]) for name in sorted(counts)}


def _seen(values: Mapping[str, list[Any]], count: int) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: _kind_of(found) for key, found in sorted(values.items())},
    }
    _put(schema, "required", sorted(key for key, found in values.items() if len(found) == count))
    return schema


def _kind_of(found: Sequence[Any]) -> dict[str, Any]:
    kinds = {_type_of(value) for value in found}
    if "number" in kinds:
        kinds.discard("integer")
    made: dict[str, Any] = {"type": min(kinds) if len(kinds) == 1 else sorted(kinds)}
    texts = set(found) if kinds == {"string"} else set()
    if 1 < len(texts) <= CHOICES_MAX and len(found) >= SEEN_FOR_CHOICES:
        made["enum"] = sorted(texts)
    return made


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return kinds.get(type(value), "object")


def widened(known: Schemas, seen: Schemas) -> dict[str, Any]:
    """A plan with what was seen added to it: new events and new properties; nothing known changes."""
    made = dict(known)
    for name, schema in seen.items():
        before = known.get(name)
        if before is None:
            made[name] = schema
        elif isinstance(before, Mapping):
            properties = {**schema["properties"], **before.get("properties", {})}
            made[name] = {**before, "properties": properties}
    return made
