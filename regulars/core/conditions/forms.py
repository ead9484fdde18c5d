"""What a form needs to know of a catalogue to let people build conditions."""

from typing import Any

from regulars.core.conditions.fields import Catalogue, Field
from regulars.core.conditions.operators import operators_of
from regulars.core.conditions.words import ENGLISH, Words, marked

OPERATOR_LABELS = {
    "equals": marked("is"),
    "not_equals": marked("is not"),
    "less": marked("is less than"),
    "at_most": marked("is at most"),
    "more": marked("is more than"),
    "at_least": marked("is at least"),
    "between": marked("is between"),
    "in": marked("is one of"),
    "not_in": marked("is none of"),
    "contains": marked("contains"),
    "starts_with": marked("starts with"),
    "has_any": marked("has any of"),
    "has_all": marked("has all of"),
    "in_last_days": marked("was in the last … days"),
    "before_last_days": marked("was more than … days ago"),
    "in_next_days": marked("is in the next … days"),
    "is_known": marked("is known"),
    "is_unknown": marked("is unknown"),
}


def described(catalogue: Catalogue, *, words: Words = ENGLISH) -> list[dict[str, Any]]:
    """Each field with its type, label, operators and choices, as plain JSON values."""
    return [_described(field, words) for field in catalogue]


def _described(field: Field, words: Words) -> dict[str, Any]:
    choices = field.current_choices()
    return {
        "name": field.name,
        "type": field.type,
        "label": str(field.label),
        "group": str(field.group),
        "operators": [
            {
                "name": operator.name,
                "label": words.gettext(OPERATOR_LABELS[operator.name]),
                "needs": operator.needs,
            }
            for operator in operators_of(field)
        ],
        "choices": None
        if choices is None
        else [{"value": choice.value, "label": str(choice.label)} for choice in choices],
    }
