"""Money: whole minor units with a currency, and how people read it."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True)
class Money:
    """An amount in minor units (cents, kopecks) of an ISO 4217 currency."""

    minor: int
    currency: str


def minor_per_unit(currency: str) -> int:
    """How many minor units make one unit of a currency.

    >>> minor_per_unit("USD"), minor_per_unit("JPY")
    (100, 1)
    """
    return int(10 ** get_currency_precision(currency))


def format_money(minor: int, currency: str, language: str, *, with_cents: bool = False) -> str:
    """The amount as people of that language write it.

    Whole amounts go without their cents, unless they stand in a column with others.

    >>> format_money(120050, "USD", "en"), format_money(-600, "USD", "en")
    ('$1,200.50', '−$6')
    >>> format_money(-600, "USD", "en", with_cents=True)
    '−$6.00'
    """
    factor = minor_per_unit(currency)
    whole = minor % factor == 0 and not with_cents
    shown = format_currency(
        Decimal(minor) / factor,
        currency,
        locale=language,
        currency_digits=not whole,
        format=_whole_pattern(language) if whole else None,
    )
    return str(shown).replace("-", "−")


def _whole_pattern(language: str) -> str:
    return "#,##0\xa0¤" if language.startswith("ru") else "¤#,##0"
