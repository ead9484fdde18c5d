"""Habits: periods in a row, goals within a span, and visits, read from what cards remember."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

Period = Literal["day", "week", "month"]


def period_of(day: date, period: Period) -> int:
    """The running number of the day, week (from Monday) or month that a day lies in.

    >>> [period_of(date(2026, 3, day), "week") - period_of(date(2026, 3, 1), "week") for day in (1, 2, 9)]
    [0, 1, 2]
    >>> period_of(date(2026, 1, 1), "month") - period_of(date(2025, 12, 31), "month")
    1
    """
    if period == "month":
        return day.year * 12 + day.month - 1
    return day.toordinal() if period == "day" else (day.toordinal() - 1) // 7


def run_around(kept: Collection[int], period: int) -> tuple[int, int]:
    """The first and the last period of the unbroken row that a period belongs to.

    >>> run_around({1, 2, 4, 5, 6}, 5)
    (4, 6)
    """
    first = last = period
    while first - 1 in kept:
        first -= 1
    while last + 1 in kept:
        last += 1
    return first, last


After = Literal["start_over", "every_period", "once"]


def streaks_due(
    kept: Collection[int], period: int, *, length: int, paid: Collection[int], after: After
) -> list[int]:
    """The periods whose end of a row is to be paid now that a period was kept.

    `start_over`: a row that was paid is used up, the next one begins after it. `every_period`:
    once a row is long enough, each further period pays. `once`: one row pays, ever. A receipt that
    comes late may close a gap; the row it joins is paid then.

    >>> streaks_due({1, 2, 3}, 3, length=3, paid=(), after="start_over")
    [3]
    >>> streaks_due({1, 2, 3, 4}, 4, length=3, paid={3}, after="start_over")
    []
    >>> streaks_due({1, 2, 3, 4}, 4, length=3, paid={3}, after="every_period")
    [4]
    >>> streaks_due({1, 2, 4}, 4, length=3, paid=(), after="once")
    []
    """
    first, last = run_around(kept, period)
    if after == "every_period":
        return [end for end in range(first + length - 1, last + 1) if end not in paid]
    if after == "once":
        return [last] if not paid and last - first + 1 >= length else []
    used_up = [end for end in paid if first <= end <= last]
    ends, start = [], max(used_up, default=first - 1) + 1
    while last - start + 1 >= length:
        ends.append(start + length - 1)
        start += length
    return ends


class Receipt(NamedTuple):
    """A purchase as visits are made of: which, when, and what is left of its sum."""

    purchase_id: int
    at: float
    left_minor: int


class Visit(NamedTuple):
    """Receipts that count as one visit."""

    receipts: tuple[Receipt, ...]

    @property
    def sum_minor(self) -> int:
        """What was spent at the visit and not returned."""
        return sum(one.left_minor for one in self.receipts)


def visits_of(
    receipts: Iterable[Receipt], *, quiet_minutes: int | None, days: "Days"
) -> list[Visit]:
    """Receipts as visits, the earliest first.

    With a quiet time, receipts belong together while no longer than it lies between one and the
    next. Without, all receipts of a day are one visit; `days` gives the day of a moment.

    >>> hours = lambda *times: [Receipt(number, time * 3600, 100) for number, time in enumerate(times)]
    >>> [len(visit.receipts) for visit in visits_of(hours(9, 9.5, 12), quiet_minutes=60, days=hash)]
    [2, 1]
    """
    visits: list[list[Receipt]] = []
    for one in sorted(receipts, key=lambda one: (one.at, one.purchase_id)):
        if visits and _together(visits[-1][-1], one, quiet_minutes, days=days):
            visits[-1].append(one)
        else:
            visits.append([one])
    return [Visit(tuple(receipts)) for receipts in visits]


class Days:
    """The day of a moment, on the clock of the company."""

    def __init__(self, zone: object) -> None:
        self._zone = zone

    def __call__(self, at: float) -> int:
        return datetime.fromtimestamp(at, tz=self._zone).toordinal()  # type: ignore[arg-type]


def _together(one: Receipt, other: Receipt, quiet_minutes: int | None, *, days: Days) -> bool:
    if quiet_minutes is None:
        return days(one.at) == days(other.at)
    return other.at - one.at <= quiet_minutes * 60


def windows_of(visits: Sequence[Visit], size: int, *, spend_min_minor: int) -> list[list[Visit]]:
    """Full windows of so many counted visits that do not overlap, the earliest first.

    A visit counts from a smallest sum on; one below it may still grow, and is passed over.
    """
    counted = [visit for visit in visits if visit.sum_minor >= max(spend_min_minor, 1)]
    whole = len(counted) // size * size
    return [counted[start : start + size] for start in range(0, whole, size)]
