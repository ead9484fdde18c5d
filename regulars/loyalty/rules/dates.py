"""Dates of lots: calendar months in the program's own zone."""

import calendar
from datetime import datetime, timedelta, tzinfo


def end_of_life(granted_at: datetime, months: int, zone: tzinfo) -> datetime:
    """The first moment at which points granted then are dead: half-open, at a local midnight.

    Adding months keeps the day number and clamps it to the month's last day; the points live to
    the end of that day. With 0 months they live to the end of the day they were granted on.

    >>> from datetime import UTC
    >>> end_of_life(datetime(2025, 1, 31, 12, tzinfo=UTC), 1, UTC).isoformat()
    '2025-03-01T00:00:00+00:00'
    """
    local = granted_at.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    last = datetime(year, month + 1, day, tzinfo=zone)
    return last + timedelta(days=1)
