"""Expiry: how long points live, as a setting of their unit or of the mechanic that gives them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from regulars.loyalty.rules.dates import (
    MONTHS_IN,
    Period,
    day_of,
    last_day_of,
    midnight,
    plus_months,
)

Kind = Literal["never", "months", "year_end", "fixed_dates", "rolling"]
"""`months`: so many after earning, perhaps rounded up to the end of a period. `year_end`: with the
year of earning or one after it. `fixed_dates`: by a table of parts of the year. `rolling`: so many
months after the member's latest activity.
"""

DayOfYear = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class FixedDate(BaseModel):
    """Points earned in a part of the year, both days included, are dead from a day on."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    since: DayOfYear = Field(alias="from")
    to: DayOfYear
    expires: DayOfYear


class Expiry(BaseModel):
    """How long points of a unit live.

    `counts_from` is the day on which expiry was switched on: points earned before it count from
    that day, unless `counts_old_from_earning` is set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "never"
    months: int = Field(default=0, ge=0, le=600)
    round_up: Period | None = None
    years: int = Field(default=0, ge=0, le=50)
    table: tuple[FixedDate, ...] = ()
    counts_from: date | None = None
    counts_old_from_earning: bool = False

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.kind == "fixed_dates" and not self.table:
            raise ValueError("table: name at least one part of the year")
        if self.kind == "rolling" and not self.months:
            raise ValueError("months: say how long points live after an activity")
        return self

    @property
    def longest_months(self) -> int | None:
        """After how many months at most points are dead if nothing happens; None if never."""
        if self.kind == "never":
            return None
        if self.kind == "year_end":
            return 12 * (self.years + 1)
        if self.kind == "fixed_dates":
            return 24
        return self.months + (MONTHS_IN[self.round_up] if self.round_up else 0)


NEVER = Expiry()
"""Points live for ever."""


class ExpiryVersion(BaseModel):
    """An expiry in force from a moment on, for points granted from then on.

    With `reaches_old`, points granted before that had no end live as if granted at that moment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    expiry: Expiry
    in_force_from: datetime | None = None
    reaches_old: bool = False


class Life:
    """How long points of a unit live, by the moment they were granted: all versions there were."""

    def __init__(self, versions: Iterable[ExpiryVersion]) -> None:
        self.versions = tuple(versions)
        self._starts = [version.in_force_from for version in self.versions[1:]]
        self._may_end = any(one.expiry.kind != "never" for one in self.versions)
        self._ends: list[dict[date, datetime | None]] = [{} for _ in self.versions]
        """By version, the end of what was granted on a day."""
        self._reaches = any(one.reaches_old for one in self.versions)
        self.may_roll = any(one.expiry.kind == "rolling" for one in self.versions)
        """Whether activities prolong points in any version."""

    @property
    def latest(self) -> Expiry:
        """The expiry of the newest version."""
        return self.versions[-1].expiry if self.versions else NEVER

    def ends_at(self, granted_at: datetime, zone: tzinfo) -> datetime | None:
        """The first moment at which points granted then are dead; None if they never die.

        >>> from datetime import UTC
        >>> never, monthly = Expiry(), Expiry(kind="months", months=1)
        >>> may, july = datetime(2025, 5, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC)
        >>> life = Life([ExpiryVersion(expiry=never),
        ...     ExpiryVersion(expiry=monthly, in_force_from=july, reaches_old=True)])
        >>> str(life.ends_at(may, UTC)), str(life.ends_at(july, UTC))
        ('2025-08-02 00:00:00+00:00', '2025-08-02 00:00:00+00:00')
        """
        if not self._may_end:
            return None
        place = self._place_at(granted_at) if self._starts else 0
        ends, day = self._ends[place], granted_at.astimezone(zone).date()
        try:
            return ends[day]
        except KeyError:
            ends[day] = end = self._worked_out(place, granted_at, zone)
            return end

    def told_from(self, granted_at: datetime) -> datetime | None:
        """From when on points granted then have their end, where a later version gave it to them.

        Until then they had none, and were spent after all that had one.
        """
        if not self._reaches:
            return None
        place = self._place_at(granted_at)
        if self.versions[place].expiry.kind != "never":
            return None
        later = self.versions[place + 1 :]
        ending = (one for one in later if one.reaches_old and one.expiry.kind != "never")
        version = next(ending, None)
        return version.in_force_from if version else None

    def prolongs_to(self, at: datetime, zone: tzinfo) -> datetime | None:
        """Up to when an activity at a moment has points live; None where it prolongs nothing."""
        if not self.may_roll or self.versions[self._place_at(at)].expiry.kind != "rolling":
            return None
        return self.ends_at(at, zone)

    def _worked_out(self, place: int, granted_at: datetime, zone: tzinfo) -> datetime | None:
        if not self.versions:
            return None
        end = expires_at(self.versions[place].expiry, granted_at, zone)
        for version in self.versions[place + 1 :] if end is None else ():
            if version.reaches_old and version.in_force_from and end is None:
                end = expires_at(version.expiry, version.in_force_from, zone)
        return end

    def _place_at(self, at: datetime) -> int:
        if not self._starts:
            return 0
        return sum(1 for start in self._starts if start is not None and start <= at)


def last_usable_day(expiry: Expiry, earned_on: date) -> date | None:
    """The last day on which points earned on a day can be spent; None if they never die.

    >>> last_usable_day(Expiry(kind="months", months=1), date(2025, 1, 31))
    datetime.date(2025, 2, 28)
    >>> last_usable_day(Expiry(kind="months", months=1, round_up="quarter"), date(2025, 1, 25))
    datetime.date(2025, 3, 31)
    >>> last_usable_day(Expiry(kind="year_end", years=2), date(2023, 5, 17))
    datetime.date(2025, 12, 31)
    """
    counts_on = earned_on
    if expiry.counts_from is not None and not expiry.counts_old_from_earning:
        counts_on = max(earned_on, expiry.counts_from)
    if expiry.kind == "never":
        return None
    if expiry.kind == "year_end":
        return date(counts_on.year + expiry.years, 12, 31)
    if expiry.kind == "fixed_dates":
        return _by_table(expiry.table, counts_on)
    last = plus_months(counts_on, expiry.months)
    return last if expiry.round_up is None else last_day_of(expiry.round_up, last)


def expires_at(expiry: Expiry, earned_at: datetime, zone: tzinfo) -> datetime | None:
    """The first moment at which points are dead, a midnight of the zone; None if they never die.

    >>> from datetime import UTC
    >>> at = datetime(2024, 1, 31, 12, tzinfo=UTC)
    >>> str(expires_at(Expiry(kind="months", months=1), at, UTC))
    '2024-03-01 00:00:00+00:00'
    """
    last = last_usable_day(expiry, day_of(earned_at, zone))
    return None if last is None else midnight(last + timedelta(days=1), zone)


class Due(NamedTuple):
    """An amount that dies at a moment, if nothing happens before."""

    at: datetime
    amount: int


def schedule(lots: list[tuple[datetime | None, int]]) -> list[Due]:
    """What dies when, soonest first; lots of one moment are one row, and the immortal are left out.

    >>> from datetime import UTC
    >>> march, may = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 5, 1, tzinfo=UTC)
    >>> [due.amount for due in schedule([(may, 5), (march, 10), (None, 7), (march, 1)])]
    [11, 5]
    """
    due: dict[datetime, int] = {}
    for at, amount in lots:
        if at is not None and amount:
            due[at] = due.get(at, 0) + amount
    return [Due(at, due[at]) for at in sorted(due)]


def _by_table(table: tuple[FixedDate, ...], earned_on: date) -> date | None:
    """The day before the first day named after the part of the year that holds the earning.

    A table that goes from 28 February to 1 March was written with a common year in mind: what is
    earned on the leap day lives as what was earned the day before, and not for ever.
    """
    last = _by_row(table, earned_on)
    if last is None and (earned_on.month, earned_on.day) == (2, 29):
        return _by_row(table, earned_on - timedelta(days=1))
    return last


def _by_row(table: tuple[FixedDate, ...], earned_on: date) -> date | None:
    for row in table:
        for year in (earned_on.year - 1, earned_on.year):
            since = _day(row.since, year)
            to = _day(row.to, year if row.since <= row.to else year + 1)
            if since <= earned_on <= to:
                dead = _day(row.expires, to.year)
                dead = dead if dead > to else _day(row.expires, to.year + 1)
                return dead - timedelta(days=1)
    return None


def _day(text: str, year: int) -> date:
    month, day = (int(part) for part in text.split("-"))
    return plus_months(date(year, 1, day), month - 1)
