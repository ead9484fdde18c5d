"""A condition once it is checked: a tree of tests under all, any and not."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias

from regulars.core.conditions.fields import OPEN_TYPES, FactKind, Field
from regulars.core.conditions.operators import OPERATORS, Operator
from regulars.core.conditions.windows import Window

Scalar: TypeAlias = str | int | float | bool | date | datetime
Measure: TypeAlias = Literal["count", "sum", "first", "last"]


@dataclass(frozen=True)
class Test:
    """One comparison of one field; `values` holds none, one, two or many, as the operator needs."""

    __test__ = False

    field: Field
    operator: Operator
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True)
class All:
    """True when every part is; without parts it is true of everyone."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Any_:  # noqa: N801
    """True when some part is; without parts it is true of no one."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """True when its part is false; unknown when its part is unknown."""

    part: "Condition"


@dataclass(frozen=True)
class Did:
    """What was done: of the facts of a kind that a condition is true of, within a window.

    `count` and `sum` compare a whole number, 0 where nothing was done; `first` and `last` ask
    something of the earliest or latest of these facts, and are unknown where there is none. Of
    several at that moment, such as the lines of a receipt, it is enough that it is true of one.
    """

    fact: FactKind
    where: "Condition"
    measure: Measure
    test: "Condition"
    window: Window | None = None
    of: Field | None = None

    @cached_property
    def column(self) -> str:
        """A name that tests with the same meaning share: of its value in tables and records."""
        return "did_" + hashlib.md5(self._key.encode(), usedforsecurity=False).hexdigest()[:16]

    @property
    def enough(self) -> int | None:
        """As many are as good as more: 1 or 2; None where all count. Different ones cost much to count."""
        if self.measure != "count" or not isinstance(self.test, Test):
            return None
        return ENOUGH.get((self.test.operator.name, self.test.values))

    @property
    def _key(self) -> str:
        asked: Any = (
            {"enough": self.enough} if self.measure in ("count", "sum") else as_json(self.test)
        )
        where = as_json(self.where)
        window = self.window.as_json() if self.window else None
        of = self.of.name if self.of else None
        return json.dumps([self.fact.name, where, window, self.measure, of, asked], sort_keys=True)


COUNT = Field("count", "integer", "")
SUM = Field("sum", "integer", "")
ENOUGH: dict[tuple[str, tuple[Scalar, ...]], int] = {
    test: enough
    for enough in (1, 2)
    for test in (
        ("at_least", (enough,)),
        ("less", (enough,)),
        ("more", (enough - 1,)),
        ("at_most", (enough - 1,)),
        ("equals", (enough - 1,)),
        ("not_equals", (enough - 1,)),
    )
}
"""The tests of a count that tell nothing but none from some, or one from several."""

AT_LEAST_ONCE = Test(COUNT, OPERATORS["at_least"], (1,))

Condition: TypeAlias = Test | Did | All | Any_ | Not

EVERYONE = All(())


def leaves_of(condition: Condition) -> Iterator[Test | Did]:
    """All tests of a condition, of fields and of what was done, from left to right."""
    match condition:
        case Test() | Did():
            yield condition
        case All(parts) | Any_(parts):
            for part in parts:
                yield from leaves_of(part)
        case Not(part):
            yield from leaves_of(part)


def fields_of(condition: Condition) -> frozenset[str]:
    """The names of the subject's fields that a condition reads, so that callers fetch no others.

    What people name themselves counts as the open field it is found under.
    """
    return frozenset(leaf.field.name for leaf in leaves_of(condition) if isinstance(leaf, Test))


def performed_in(condition: Condition) -> list[Did]:
    """The tests of what was done, each meaning once, in the order in which they stand."""
    dids = (leaf for leaf in leaves_of(condition) if isinstance(leaf, Did))
    return list({did.column: did for did in dids}.values())


def fields_of_facts(did: Did) -> frozenset[str]:
    """The names of the fact's fields that a test of what was done reads."""
    asked = fields_of(did.where) | ({did.of.name} if did.of else set())
    return asked | fields_of(did.test) if did.measure in ("first", "last") else asked


def open_in_facts(did: Did) -> bool:
    """Whether a test of what was done reads something that people name themselves."""
    return any(did.fact.fields.find_open(name) for name in fields_of_facts(did))


def as_json(condition: Condition) -> Mapping[str, Any]:
    """The condition in its JSON form, as `parse` takes it."""
    match condition:
        case All(parts):
            return {"all": [as_json(part) for part in parts]}
        case Any_(parts):
            return {"any": [as_json(part) for part in parts]}
        case Not(part):
            return {"not": as_json(part)}
        case Test():
            asked = {"is": condition.operator.name} | _value(condition)
            return _field(condition.field) | asked
        case Did():
            return _done(condition)


def _field(field: Field) -> dict[str, Any]:
    if not field.key:
        return {"field": field.name}
    words = {type_: word for word, type_ in OPEN_TYPES.items()}
    compared = {"as": words[field.type]} if field.type in words else {}
    return {"field": field.name, "key": field.key} | compared


def _done(did: Did) -> dict[str, Any]:
    told: dict[str, Any] = {"did": did.fact.name}
    if did.where != EVERYONE:
        told["where"] = as_json(did.where)
    if isinstance(did.test, Test) and did.measure in ("count", "sum"):
        of = {"of": did.of.name} if did.of else {}
        told[did.measure] = of | {"is": did.test.operator.name} | _value(did.test)
    else:
        told[did.measure] = as_json(did.test)
    if did.window:
        told["within"] = did.window.as_json()
    return told


def _value(test: Test) -> dict[str, Any]:
    plain = [value.isoformat() if isinstance(value, date) else value for value in test.values]
    match test.operator.needs:
        case "nothing":
            return {}
        case "one" | "days":
            return {"value": plain[0]}
        case _:
            return {"value": plain}
