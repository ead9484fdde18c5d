"""Numbers, money and weeks in the reader's language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from regulars.core.money import format_money, minor_per_unit
from regulars.web.charts import plain_number

SCALES = ((1_000_000, 5_000_000), (1_000, 20_000))
"""Axes count in millions from five of them on, in thousands from twenty of them on."""


def language() -> str:
    """The reader's language, without its region."""
    return (get_language() or "en").split("-")[0]


def whole(value: float) -> str:
    """A number without decimals."""
    return str(format_decimal(round(value), locale=language()))


def percent(share: float) -> str:
    """A share in per cent."""
    return str(format_percent(share, locale=language()))


def day_of(day: date) -> str:
    """A day and month, without the year."""
    return str(format_skeleton("MMMd", day, locale=language()))


def month_of(day: date) -> str:
    """A month and year, short."""
    return str(format_skeleton("yMMM", day, locale=language()))


@dataclass(frozen=True)
class MoneyScale:
    """How a chart counts money: its unit in words, and its numbers."""

    unit: str
    divisor: float
    currency: str

    def of(self, minor: int) -> float:
        """An amount in minor units, in the units of the chart."""
        return minor / self.divisor

    def show(self, value: float) -> str:
        """A number of the chart."""
        return plain_number(value) if abs(value) < 100 else whole(value)


def money_scale(amounts: Sequence[int], currency: str) -> MoneyScale:
    """A scale on which the largest of these amounts is easy to read."""
    minor = minor_per_unit(currency)
    most = max((abs(amount) for amount in amounts), default=0) / minor
    words: dict[int, str] = {
        1_000_000: _("millions of %(currency)s"),
        1_000: _("thousands of %(currency)s"),
    }
    for factor, from_ in SCALES:
        if most >= from_:
            return MoneyScale(words[factor] % {"currency": currency}, minor * factor, currency)
    return MoneyScale(currency, minor, currency)


def money_reader(currency: str) -> Callable[[int], str]:
    """A function that writes minor units as people read them, without cents from 1,000 on."""
    factor = minor_per_unit(currency)

    def read(minor: int) -> str:
        shown = round(minor / factor) * factor if abs(minor) >= 1_000 * factor else minor
        return format_money(shown, currency, language())

    return read
