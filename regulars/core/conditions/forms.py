"""What a form needs to know of a catalogue to let people build conditions."""

from typing import Any

from regulars.core.conditions.fields import OPEN_TYPES, Catalogue, Field, OpenField
from regulars.core.conditions.operators import operators_of
from regulars.core.conditions.words import ENGLISH, Words, gettext_noop

OPERATOR_LABELS = {
    "equals": gettext_noop("is"),
    "not_equals": gettext_noop("is not"),
    "less": gettext_noop("is less than"),
    "at_most": gettext_noop("is at most"),
    "more": gettext_noop("is more than"),
    "at_least": gettext_noop("is at least"),
    "between": gettext_noop("is between"),
    "in": gettext_noop("is one of"),
    "not_in": gettext_noop("is none of"),
    "contains": gettext_noop("contains"),
    "under": gettext_noop("is under"),
    "starts_with": gettext_noop("starts with"),
    "has_any": gettext_noop("has any of"),
    "has_all": gettext_noop("has all of"),
    "in_last_days": gettext_noop("was in the last … days"),
    "before_last_days": gettext_noop("was more than … days ago"),
    "in_next_days": gettext_noop("is in the next … days"),
    "is_known": gettext_noop("is known"),
    "is_unknown": gettext_noop("is unknown"),
}
OPEN_LABELS = {
    "is_known": gettext_noop("is set"),
    "is_unknown": gettext_noop("is not set"),
}
TYPE_LABELS = {
    "text": gettext_noop("text"),
    "number": gettext_noop("number"),
    "boolean": gettext_noop("yes or no"),
    "date": gettext_noop("date"),
}


def described(catalogue: Catalogue, *, words: Words = ENGLISH) -> list[dict[str, Any]]:
    """Each field with its type, label, operators and choices, as plain JSON values."""
    return [_described(field, words) for field in catalogue]


def described_facts(catalogue: Catalogue, *, words: Words = ENGLISH) -> list[dict[str, Any]]:
    """Each kind of facts with its label, its fields, and those of them that can be summed."""
    return [
        {
            "name": fact.name,
            "label": str(fact.label),
            "fields": described(fact.fields, words=words),
            "open_fields": described_open(fact.fields, words=words),
            "sums": [field.name for field in fact.fields if field.type == "integer"],
        }
        for fact in catalogue.facts
    ]


def described_open(catalogue: Catalogue, *, words: Words = ENGLISH) -> list[dict[str, Any]]:
    """The fields below which people name what there is: what it compares as, and known names."""
    return [_described_open(field, words) for field in catalogue.open_fields]


def _described_open(field: OpenField, words: Words) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": str(field.label),
        "group": str(field.group),
        "as": {
            word: {
                "label": words.gettext(TYPE_LABELS[word]),
                "operators": _operators(field.of("x", type_), words),
            }
            for word, type_ in OPEN_TYPES.items()
        },
        "seen": [{"key": one.key, "as": one.word or None} for one in field.seen()],
    }


def operator_label(field: Field, name: str) -> str:
    """What forms call a comparison; of what people name themselves, whether it is set."""
    return (OPEN_LABELS if field.key else {}).get(name, OPERATOR_LABELS[name])


def _operators(field: Field, words: Words) -> list[dict[str, str]]:
    return [
        {
            "name": operator.name,
            "label": words.gettext(operator_label(field, operator.name)),
            "needs": operator.needs,
        }
        for operator in operators_of(field)
    ]


def _described(field: Field, words: Words) -> dict[str, Any]:
    choices = field.current_choices()
    return {
        "name": field.name,
        "type": field.type,
        "label": str(field.label),
        "group": str(field.group),
        "operators": _operators(field, words),
        "choices": None
        if choices is None
        else [{"value": choice.value, "label": str(choice.label)} for choice in choices],
    }
