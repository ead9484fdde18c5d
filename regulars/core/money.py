"""Money: whole minor units with a currency, and how people read it."""

from dataclasses import dataclass

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


def format_money(minor: int, currency: str, language: str) -> str:
    """The amount as people of that language write it; whole amounts go without their cents.

    >>> format_money(120050, "USD", "en")
    '$1,200.50'
    """
    factor = minor_per_unit(currency)
    whole = minor % factor == 0
    return format_currency(
        minor // factor if whole else minor / factor,
        currency,
        locale=language,
        decimal_quantization=True,
        currency_digits=not whole,
        format=None if not whole else _whole_pattern(language),
    )


def _whole_pattern(language: str) -> str:
    return "#,##0\xa0¤" if language.startswith("ru") else "¤#,##0"
