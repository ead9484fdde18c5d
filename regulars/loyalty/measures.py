"""What leads up a ladder of tiers, as people count it."""

from django.utils.translation import get_language, ngettext

from regulars.core.money import format_money
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
