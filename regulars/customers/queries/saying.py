"""Conditions over customers in words, with money and quantities as people write them."""

from decimal import Decimal

from django.utils import translation

from regulars.company.queries import get_brand
from regulars.core.conditions.fields import Field
from regulars.core.conditions.sentences import sentence
from regulars.core.conditions.tree import Condition, Scalar
from regulars.core.money import format_money


def in_words(condition: Condition) -> str:
    """What a condition says, in the reader's language."""
    return sentence(condition, words=translation, show_value=as_written)


def as_written(field: Field, value: Scalar) -> str | None:
    """Money in the company's currency, quantities in pieces or kilograms; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if field.name.endswith("_minor"):
        return format_money(value, get_brand().currency, translation.get_language() or "en")
    return f"{Decimal(value) / 1_000:f}" if field.name.endswith("_milli") else None
