"""Following up unhappy answers: which one opens a follow-up, whose it is, and when it is due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.feedback.rules.signals import is_unhappy


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


STATES: dict[str, str] = {
    "open": gettext_noop("Waits"),
    "working": gettext_noop("In work"),
    "closed": gettext_noop("Closed"),
}

OUTCOMES: dict[str, str] = {
    "solved": gettext_noop("Put right"),
    "explained": gettext_noop("Explained, nothing to put right"),
    "not_reached": gettext_noop("Not reached"),
    "not_wanted": gettext_noop("Wants no contact"),
    "settled": gettext_noop("Settled without contact"),
}
"""How a follow-up ends."""

WITH_CONTACT = frozenset({"solved", "explained", "not_wanted"})
"""Ends for which somebody must have spoken with the customer."""

FRESH_FOR = timedelta(days=30)
"""What was answered longer ago opens no follow-up: nobody wants a call about it."""

HOURS_MAX = 400

WEEKS_MAX = 53
"""A rule whose working hours take longer than so many weeks to go by is a mistake."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When people work: from `opens` until `closes`, on weekdays counted from Monday as 0."""

    opens: time = time(9)
    closes: time = time(18)
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})

    def holds(self, hours: int) -> bool:
        """Whether so many working hours go by within a year.

        >>> Hours().holds(400), Hours(time(9), time(9, 1), frozenset({0})).holds(8)
        (True, False)
        """
        day = date.min
        worked = datetime.combine(day, self.closes) - datetime.combine(day, self.opens)
        return worked * len(self.weekdays) * WEEKS_MAX >= timedelta(hours=hours)


def due_at(since: datetime, *, hours: int, week: Hours, zone: ZoneInfo) -> datetime:
    """The moment at which so many working hours have gone by; hours of rest do not count.

    Days are those of the zone, where the clock may be put forward or back. Raises ValueError for a
    week without working hours.

    >>> friday = datetime(2026, 3, 6, 16, tzinfo=ZoneInfo("Europe/Moscow"))
    >>> due_at(friday, hours=4, week=Hours(), zone=ZoneInfo("Europe/Moscow")).isoformat()
    '2026-03-09T11:00:00+03:00'
    """
    if not week.weekdays or week.opens >= week.closes:
        raise ValueError("a week has working hours")
    left, moment = timedelta(hours=hours), since.astimezone(zone)
    day = moment.date()
    while True:
        if day.weekday() in week.weekdays:
            opens = max(moment, datetime.combine(day, week.opens, zone), key=_instant)
            closes = datetime.combine(day, week.closes, zone)
            worked = _instant(closes) - _instant(opens)
            if worked >= left:
                return (opens.astimezone(_UTC) + left).astimezone(zone)
            left -= max(timedelta(0), worked)
        day += timedelta(days=1)


_UTC = ZoneInfo("UTC")


def _instant(moment: datetime) -> datetime:
    """The moment in UTC: in one zone Python compares what clocks show, not what has gone by."""
    return moment.astimezone(_UTC)


@dataclass(frozen=True, slots=True)
class Opening:
    """A rule about which answers open a follow-up: None and empty mean all.

    Without a measure the answer must be unhappy by the scale of its measure; with one its score is
    at most `score_max`.
    """

    id: int | None = None
    survey_id: int | None = None
    touchpoint_id: int | None = None
    measure: str = ""
    score_max: float | None = None
    owner_id: int | None = None
    owner_role: str = "store_manager"
    within_hours: int = 8
    week: Hours = Hours()

    def fits(self, fact: "Fact") -> bool:
        """Whether an answer falls under the rule.

        >>> Opening(measure="nps", score_max=8).fits(Fact(1, None, "nps", 7))
        True
        >>> Opening().fits(Fact(1, None, "csat", 3))
        False
        """
        if self.survey_id not in (None, fact.survey_id):
            return False
        if self.touchpoint_id not in (None, fact.touchpoint_id):
            return False
        if not self.measure:
            return is_unhappy(fact.measure, fact.score)
        return fact.measure == self.measure and fact.score <= (self.score_max or 0)

    @property
    def narrowness(self) -> tuple[bool, bool, bool]:
        """What a rule names makes it narrower: the survey first, then the touchpoint and measure."""
        return self.survey_id is not None, self.touchpoint_id is not None, bool(self.measure)


@dataclass(frozen=True, slots=True)
class Fact:
    """A score that somebody gave, and what it is about."""

    survey_id: int | None
    touchpoint_id: int | None
    measure: str
    score: float


def rule_for(fact: Fact, rules: Iterable[Opening]) -> Opening | None:
    """The narrowest rule that an answer falls under, the older of equals; None opens nothing.

    >>> rules = [Opening(id=1), Opening(id=2, survey_id=7)]
    >>> rule_for(Fact(7, None, "nps", 3), rules).id, rule_for(Fact(8, None, "nps", 3), rules).id
    (2, 1)
    """
    fitting = [rule for rule in rules if rule.fits(fact)]
    return min(
        fitting,
        key=lambda rule: (tuple(not one for one in rule.narrowness), rule.id or 0),
        default=None,
    )


@dataclass(slots=True)
class Colleague:
    """An employee who may own follow-ups; `store_ids` is None where stores set no limit."""

    id: int
    role: str
    store_ids: frozenset[int] | None
    load: int = 0

    def sees(self, store_id: int | None) -> bool:
        """Whether what happened in a store, or in none, is theirs to see."""
        return self.store_ids is None or store_id in self.store_ids


def owner_for(rule: Opening, store_id: int | None, staff: Sequence[Colleague]) -> int | None:
    """Whose the follow-up is: the rule's person, else the least busy of its role; who sees the store.

    None where there is nobody; then it waits for whoever takes it. The load of the owner goes up.

    >>> staff = [Colleague(1, "store_manager", frozenset({5}), 3), Colleague(2, "cx_manager", None)]
    >>> [owner_for(Opening(), store, staff) for store in (5, 6)]
    [1, None]
    >>> owner_for(Opening(owner_id=1, owner_role="cx_manager"), 6, staff)
    2
    """
    seeing = [one for one in staff if one.sees(store_id)]
    named = [one for one in seeing if one.id == rule.owner_id]
    fitting = named or [one for one in seeing if one.role == rule.owner_role]
    if not fitting:
        return None
    chosen = min(fitting, key=lambda one: (one.load, one.id))
    chosen.load += 1
    return chosen.id
