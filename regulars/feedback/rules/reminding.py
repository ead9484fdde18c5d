"""When an owner of follow-ups gets a letter, and where each of them stands in it."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Turn = Literal["overdue", "due", "new"]

FROM, UNTIL = time(8), time(20)
"""Letters to owners are written between these hours by the company's clock."""


def day_of_letters(now: datetime, zone: ZoneInfo) -> date | None:
    """The day whose letters are written now; None at night.

    >>> day_of_letters(datetime(2026, 3, 2, 5, 30, tzinfo=ZoneInfo("UTC")), ZoneInfo("Europe/Moscow"))
    datetime.date(2026, 3, 2)
    >>> day_of_letters(datetime(2026, 3, 2, 4, 30, tzinfo=ZoneInfo("UTC")), ZoneInfo("Europe/Moscow"))
    """
    here = now.astimezone(zone)
    return here.date() if FROM <= here.time() < UNTIL else None


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day of the zone is over."""
    return datetime.combine(day + timedelta(days=1), time(), zone)


def turn_of(due_at: datetime, *, is_told: bool, now: datetime, end: datetime) -> Turn | None:
    """Why a follow-up stands in today's letter; None where its owner knows of it and has time.

    >>> now = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("UTC"))
    >>> hour, end = timedelta(hours=1), end_of(now.date(), ZoneInfo("UTC"))
    >>> [turn_of(now + hours * hour, is_told=True, now=now, end=end) for hours in (-1, 1, 12)]
    ['overdue', 'due', None]
    >>> turn_of(now + 48 * hour, is_told=False, now=now, end=end)
    'new'
    """
    if due_at < now:
        return "overdue"
    if due_at < end:
        return "due"
    return None if is_told else "new"


def works_on(day: date, weekdays: Collection[int]) -> bool:
    """Whether the clock of a follow-up runs on a day; weekdays count from Monday as 0.

    >>> works_on(date(2026, 3, 2), {0}), works_on(date(2026, 3, 1), {0})
    (True, False)
    """
    return day.weekday() in weekdays
