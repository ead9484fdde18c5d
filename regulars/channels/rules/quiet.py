"""Quiet hours: when nobody wants to be disturbed, by the clock where the person lives."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def quiet_until(at: datetime, *, since: time, until: time, zone: ZoneInfo) -> datetime:
    """The moment itself, or the end of the quiet hours that it falls into; the end is not quiet.

    >>> at = datetime(2026, 3, 2, 21, 30, tzinfo=ZoneInfo("UTC"))
    >>> moscow = ZoneInfo("Europe/Moscow")
    >>> quiet_until(at, since=time(21), until=time(9), zone=moscow).isoformat()
    '2026-03-03T06:00:00+00:00'
    """
    local = at.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    is_over_night = since > until
    is_quiet = (clock >= since or clock < until) if is_over_night else since <= clock < until
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if is_over_night and clock >= since else 0)
    end = datetime.combine(day, until, tzinfo=zone).astimezone(at.tzinfo)
    if end.timestamp() < at.timestamp():
        # Clocks were put back, and this time of the day has passed once already.
        end = datetime.combine(day, until.replace(fold=1), tzinfo=zone).astimezone(at.tzinfo)
    return end
