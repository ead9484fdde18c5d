"""Dates of lots and tiers: calendar months and periods in the program's own zone.

All moments are given in UTC, because two moments of one zone would be compared by their clocks,
which repeat an hour in autumn.
"""

import calendar
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

Period = Literal["month", "quarter", "half_year", "year"]
"""A part of the calendar year, or all of it."""

MONTHS_IN: dict[Period, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def midnight(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day in a zone, in UTC; where clocks skip midnight, when they skip it.

    >>> from zoneinfo import ZoneInfo
    >>> midnight(date(2025, 3, 30), ZoneInfo("Europe/Berlin")).isoformat()
    '2025-03-29T23:00:00+00:00'
    >>> midnight(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo")).isoformat()
    '2018-11-04T03:00:00+00:00'
    """
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The day that a moment falls on in a zone."""
    return moment.astimezone(zone).date()


def plus_months(day: date, months: int) -> date:
    """The same day so many months later; a day that does not exist becomes the month's last.

    >>> plus_months(date(2024, 8, 31), 6), plus_months(date(2024, 2, 29), -12)
    (datetime.date(2025, 2, 28), datetime.date(2023, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def first_day_of(period: Period, day: date) -> date:
    """The first day of the month, quarter, half-year or year that a day lies in.

    >>> first_day_of("half_year", date(2025, 8, 15))
    datetime.date(2025, 7, 1)
    """
    months = MONTHS_IN[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def last_day_of(period: Period, day: date) -> date:
    """The last day of the month, quarter, half-year or year that a day lies in.

    >>> last_day_of("quarter", date(2025, 2, 25))
    datetime.date(2025, 3, 31)
    """
    return plus_months(first_day_of(period, day), MONTHS_IN[period]) - timedelta(days=1)


def anniversary_after(origin: date, day: date, months: int = 12) -> date:
    """The first anniversary of an origin that lies after a day, one every so many months.

    Each is counted from the origin, so that 29 February comes back in the next leap year.

    >>> anniversary_after(date(2024, 2, 29), date(2025, 2, 28))
    datetime.date(2026, 2, 28)
    """
    apart = (day.year - origin.year) * 12 + day.month - origin.month
    passed = apart // months * months
    found = plus_months(origin, passed)
    while found <= day:
        passed += months
        found = plus_months(origin, passed)
    return found


def end_of_life(granted_at: datetime, months: int, zone: tzinfo) -> datetime:
    """The first moment at which points granted then are dead: half-open, at a local midnight.

    Adding months keeps the day number and clamps it to the month's last day; the points live to
    the end of that day. With 0 months they live to the end of the day they were granted on.

    >>> end_of_life(datetime(2025, 1, 31, 12, tzinfo=UTC), 1, UTC).isoformat()
    '2025-03-01T00:00:00+00:00'
    """
    last = plus_months(day_of(granted_at, zone), months)
    return midnight(last + timedelta(days=1), zone)
