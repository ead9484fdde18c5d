"""Amounts of units, and of what leads up a ladder of tiers, as people count them."""

from django.utils.translation import get_language, ngettext

from regulars.company.models import in_language
from regulars.core.money import format_money
from regulars.loyalty.models import Unit
from regulars.loyalty.rules.quantities import so_many
from regulars.web.charts import plain_number


def measured(basis: str, amount: int, currency: str) -> str:
    """An amount in the measure of a ladder's basis, in words of the present language.

    Money, by the basis `spend`, is in minor units of the currency.
    """
    if basis == "spend":
        return format_money(amount, currency, get_language() or "en")
    words = {
        "visits": ngettext("%(n)s visit", "%(n)s visits", amount),
        "acts": ngettext("%(n)s act", "%(n)s acts", amount),
    }
    return words.get(basis, ngettext("%(n)s point", "%(n)s points", amount)) % {
        "n": plain_number(amount)
    }


def shown_of_unit(amount: int, unit: Unit) -> str:
    """An amount as its unit is counted, without its name: "1,035", or "$10.35"."""
    if unit.kind == "money":
        return format_money(amount, unit.program.currency, get_language() or "en")
    return plain_number(amount)


def signed_of_unit(amount: int, unit: Unit) -> str:
    """An amount of a unit with its sign: "+20", or with a true minus."""
    return f"{'+' if amount >= 0 else '−'}{shown_of_unit(abs(amount), unit)}"


def amount_of_unit(amount: int, unit: Unit) -> str:
    """So many of a unit, in the present language: "1 point", or "$0.35 Cashback"."""
    name, shown = in_language(unit.name, unit.name_ru), shown_of_unit(amount, unit)
    return f"{shown} {name}" if unit.kind == "money" else so_many(amount, shown, name)
