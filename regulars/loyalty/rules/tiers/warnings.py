"""When a member hears that a tier is about to fall: in time to do something about it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from regulars.loyalty.rules.tiers.tracks import Forecast


class Threat(NamedTuple):
    """A fall that lies ahead: until when it can be helped, and by how much more."""

    keep_by: datetime
    falls_at: datetime
    missing: int


def threat_within(ahead: Forecast, days: int, now: datetime) -> Threat | None:
    """The fall whose last moment to help it comes within so many days; None where none does.

    What counts is the end of the period, not that of the grace after it: what is missing then is
    told while all of the time is left. A tier given by hand just ends, and nothing is missing.

    >>> from datetime import UTC
    >>> year, grace = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)
    >>> ahead = Forecast(to_keep=250, keep_by=year, falls_at=grace, falls_to="silver")
    >>> threat_within(ahead, 30, datetime(2026, 12, 1, tzinfo=UTC)) is None
    True
    >>> threat_within(ahead, 30, datetime(2026, 12, 2, tzinfo=UTC)).missing
    250
    """
    if ahead.falls_at is None:
        return None
    threat = Threat(ahead.keep_by or ahead.falls_at, ahead.falls_at, ahead.to_keep)
    is_soon = now < threat.keep_by <= now + timedelta(days=days)
    return threat if is_soon else None
