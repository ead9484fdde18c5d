"""Months of the company's calendar as whole numbers, and the present one."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from regulars.company.queries import get_brand


def place_of(month: date) -> int:
    """A month as a whole number.

    >>> place_of(date(2026, 1, 1)) - place_of(date(2025, 12, 1))
    1
    """
    return month.year * 12 + month.month - 1


def month_at(place: int) -> date:
    """The first day of the month of that number."""
    return date(place // 12, place % 12 + 1, 1)


def month_now(now: datetime) -> date:
    """The first day of the company's present month."""
    return now.astimezone(ZoneInfo(get_brand().timezone)).date().replace(day=1)
