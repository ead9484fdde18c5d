"""Money and days as people write them in forms of rewards, and as the books keep them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext

from regulars.core.money import minor_per_unit
from regulars.loyalty.models import Unit


def money_field(label: Any, currency: str, *, required: bool = False, **told: Any) -> forms.Field:
    """A field for an amount of money in whole units and their parts."""
    return forms.DecimalField(
        label=f"{label}, {currency}",
        required=required,
        min_value=Decimal(0),
        max_digits=13,
        decimal_places=_places(currency),
        **told,
    )


class AmountField(forms.DecimalField):
    """An amount as people type it: with a point or a comma, and with spaces between thousands."""

    def to_python(self, value: Any) -> Any:
        """The amount; a text with two separators is refused rather than guessed."""
        if isinstance(value, str):
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)


class QuantityField(AmountField):
    """So many of a unit, as people count it: money in whole units and their parts."""

    def __init__(self, label: Any, **told: Any) -> None:
        super().__init__(label=label, max_digits=15, **told)


def in_books(quantity: Decimal, unit: Unit, *, least: int = 1) -> int:
    """A quantity that was typed, as the books count it.

    A `ValidationError` where it has too many places, or is less than the least.
    """
    scale = minor_per_unit(unit.program.currency) if unit.kind == "money" else 1
    if quantity * scale % 1:
        raise forms.ValidationError(
            gettext("Too many decimal places.") if scale > 1 else gettext("Write a whole number.")
        )
    if quantity * scale < least:
        raise forms.ValidationError(gettext("Write a number above zero."))
    return int(quantity * scale)


def as_counted(amount: int, unit: Unit) -> Decimal:
    """An amount of the books as people write it into a form."""
    return Decimal(amount).scaleb(-_places(unit.program.currency) if unit.kind == "money" else 0)


def as_minor(amount: Decimal | None, currency: str) -> int | None:
    """The amount in minor units; None stays None."""
    return None if amount is None else int(amount * minor_per_unit(currency))


def as_units(minor: int | None, currency: str) -> Decimal | None:
    """The amount as people write it, with all its places; None stays None.

    >>> str(as_units(2_550, "USD")), str(as_units(2_550, "JPY"))
    ('25.50', '2550')
    """
    return None if minor is None else Decimal(minor).scaleb(-_places(currency))


def _places(currency: str) -> int:
    return len(str(minor_per_unit(currency))) - 1


def day_field(label: Any) -> forms.DateField:
    """A field for a day."""
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


def start_of(day: date | None) -> datetime | None:
    """The first moment of a day, in the company's zone."""
    return None if day is None else timezone.make_aware(datetime.combine(day, time.min))


def end_of(last_day: date | None) -> datetime | None:
    """The moment at which a last day is over; that of the calendar itself is never over."""
    if last_day is None or last_day == date.max:
        return None
    return start_of(last_day + timedelta(days=1))


def day_of(moment: datetime | None) -> date | None:
    """The day of a beginning."""
    return None if moment is None else timezone.localdate(moment)


def last_day_of(moment: datetime | None) -> date | None:
    """The last day before an end."""
    return None if moment is None else timezone.localdate(moment - timedelta(seconds=1))
