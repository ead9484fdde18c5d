"""A condition once it is checked: a tree of tests under all, any and not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from regulars.core.conditions.fields import Field
from regulars.core.conditions.operators import Operator

Scalar: TypeAlias = str | int | float | bool | date | datetime


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


Condition: TypeAlias = Test | All | Any_ | Not

EVERYONE = All(())


def tests_in(condition: Condition) -> Iterator[Test]:
    """All comparisons of a condition, from left to right."""
    match condition:
        case Test():
            yield condition
        case All(parts) | Any_(parts):
            for part in parts:
                yield from tests_in(part)
        case Not(part):
            yield from tests_in(part)


def fields_of(condition: Condition) -> frozenset[str]:
    """The names of the fields that a condition reads, so that callers fetch no others."""
    return frozenset(test.field.name for test in tests_in(condition))


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
            return {"field": condition.field.name, "is": condition.operator.name} | _value(
                condition
            )


def _value(test: Test) -> dict[str, Any]:
    plain = [value.isoformat() if isinstance(value, date) else value for value in test.values]
    match test.operator.needs:
        case "nothing":
            return {}
        case "one" | "days":
            return {"value": plain[0]}
        case _:
            return {"value": plain}
