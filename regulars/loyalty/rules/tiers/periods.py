"""Periods of a ladder: half-open spans of moments in the program's own zone."""

from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from regulars.loyalty.rules.dates import (
    MONTHS_IN,
    anniversary_after,
    day_of,
    first_day_of,
    midnight,
    plus_months,
)
from regulars.loyalty.rules.tiers.settings import TERMS, LadderRules


class Window(NamedTuple):
    """A span of moments that counts together; `to` is the first moment after it."""

    since: datetime
    to: datetime


class Periods:
    """When periods begin and end under the rules of a ladder, by the midnights of a zone."""

    def __init__(self, rules: LadderRules, zone: tzinfo) -> None:
        self.rules = rules
        self.zone = zone
        self._known: dict[tuple[date, date | None], Window] = {}
        self._leaves: dict[date, datetime] = {}

    def around(self, at: datetime, joined_at: datetime) -> Window:
        """The period of the calendar, or of the membership, that a moment lies in."""
        day = day_of(at, self.zone)
        joined = None
        if self.rules.period == "membership_anniversary":
            joined = day_of(joined_at, self.zone)
        known = self._known.get((day, joined))
        if known is None:
            known = self._known[day, joined] = self._around(day, joined)
        return known

    def _around(self, day: date, joined: date | None) -> Window:
        if joined is not None:
            months = self.rules.months
            after = anniversary_after(joined, day, months)
            passed = (after.year - joined.year) * 12 + after.month - joined.month
            before = plus_months(joined, passed - months)
            return Window(midnight(before, self.zone), midnight(after, self.zone))
        first = first_day_of(self.rules.calendar, day)
        after = plus_months(first, MONTHS_IN[self.rules.calendar])
        return Window(midnight(first, self.zone), midnight(after, self.zone))

    def term_from(self, at: datetime) -> Window:
        """The term that begins at a moment: of `length` days, or months, by whole days."""
        day = day_of(at, self.zone)
        if self.rules.period == "fixed_term":
            return Window(at, midnight(day + timedelta(days=self.rules.length), self.zone))
        return Window(at, midnight(plus_months(day, self.rules.months), self.zone))

    def begun(self, at: datetime, joined_at: datetime) -> Window:
        """The period that begins, or has begun, at a moment."""
        if self.rules.period in TERMS:
            return self.term_from(at)
        return self.around(at, joined_at)

    def leaves_at(self, counts_at: datetime) -> datetime:
        """The moment at which something drops out of a rolling window.

        A window of 30 days is today and the 29 days before; of 12 months, the day on which the
        same day comes round is the first that no longer counts.
        """
        day = day_of(counts_at, self.zone)
        known = self._leaves.get(day)
        if known is None:
            known = self._leaves[day] = midnight(self._first_without(day), self.zone)
        return known

    def _first_without(self, day: date) -> date:
        """The first day on which a rolling window no longer holds a day."""
        if self.rules.period == "rolling_days":
            return day + timedelta(days=self.rules.length)
        return plus_months(day, self.rules.length)

    def held_until(self, since: datetime) -> datetime:
        """The moment up to which a tier reached then cannot be lost."""
        if not self.rules.minimum_months:
            return since
        return midnight(plus_months(day_of(since, self.zone), self.rules.minimum_months), self.zone)

    def graced_until(self, at: datetime) -> datetime:
        """The end of the extra time that begins at a moment."""
        if not self.rules.grace_days:
            return at
        return midnight(day_of(at, self.zone) + timedelta(days=self.rules.grace_days), self.zone)
