"""The comparisons of the condition language: which types take them, and what value they need."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from regulars.core.conditions.fields import Field, FieldType
from regulars.core.conditions.words import gettext_noop

Needs: TypeAlias = Literal["nothing", "one", "two", "several", "days"]

_ANY: tuple[FieldType, ...] = get_args(FieldType)
_EXACT = tuple(one for one in _ANY if one not in ("list of text", "anything"))
_ORDERED: tuple[FieldType, ...] = ("number", "integer", "decimal", "date", "datetime")
_LISTED: tuple[FieldType, ...] = ("text", "path", "number", "integer", "decimal")
_TIMES: tuple[FieldType, ...] = ("date", "datetime")


@dataclass(frozen=True)
class Operator:
    """One comparison: its name in JSON, the types it takes, the value it needs, its sentence."""

    name: str
    types: tuple[FieldType, ...]
    needs: Needs
    phrase: str


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("equals", _EXACT, "one", gettext_noop("%(field)s is %(value)s")),
        Operator("not_equals", _EXACT, "one", gettext_noop("%(field)s is not %(value)s")),
        Operator("less", _ORDERED, "one", gettext_noop("%(field)s is less than %(value)s")),
        Operator("at_most", _ORDERED, "one", gettext_noop("%(field)s is at most %(value)s")),
        Operator("more", _ORDERED, "one", gettext_noop("%(field)s is more than %(value)s")),
        Operator("at_least", _ORDERED, "one", gettext_noop("%(field)s is at least %(value)s")),
        Operator("between", _ORDERED, "two", gettext_noop("%(field)s is from %(low)s to %(high)s")),
        Operator("in", _LISTED, "several", gettext_noop("%(field)s is one of: %(value)s")),
        Operator("not_in", _LISTED, "several", gettext_noop("%(field)s is none of: %(value)s")),
        Operator("contains", ("text",), "one", gettext_noop("%(field)s contains %(value)s")),
        Operator("under", ("path",), "several", gettext_noop("%(field)s is under %(value)s")),
        Operator("starts_with", ("text",), "one", gettext_noop("%(field)s starts with %(value)s")),
        Operator(
            "has_any", ("list of text",), "several", gettext_noop("%(field)s has any of: %(value)s")
        ),
        Operator(
            "has_all", ("list of text",), "several", gettext_noop("%(field)s has all of: %(value)s")
        ),
        Operator("in_last_days", _TIMES, "days", ""),
        Operator("before_last_days", _TIMES, "days", ""),
        Operator("in_next_days", _TIMES, "days", ""),
        Operator("is_known", _ANY, "nothing", gettext_noop("%(field)s is known")),
        Operator("is_unknown", _ANY, "nothing", gettext_noop("%(field)s is unknown")),
    )
}
"""By name, in the order in which forms offer them. Sentences about days need plurals: `sentences`."""


def operators_of(field: Field) -> tuple[Operator, ...]:
    """The comparisons that a field takes: those of its type, narrowed by the field itself."""
    fitting = (operator for operator in OPERATORS.values() if field.type in operator.types)
    return tuple(
        operator
        for operator in fitting
        if field.operators is None or operator.name in field.operators
    )
