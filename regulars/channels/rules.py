"""Who may be approached how often, when to try again, and how addresses compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ATTEMPTS_MAX = 5
"""After this many tries a message counts as failed."""

BATCH = 500
"""How many messages one job sends at most."""

PICK_UP_AFTER = timedelta(minutes=10)
"""A message that has waited or been in sending this long is taken up again."""


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


STATES: dict[str, str] = {
    "waiting": gettext_noop("Waiting"),
    "sending": gettext_noop("Being sent"),
    "sent": gettext_noop("Sent"),
    "failed": gettext_noop("Failed"),
    "refused": gettext_noop("Not sent"),
}

PURPOSES: dict[str, str] = {
    "survey": gettext_noop("Survey invitation"),
    "service": gettext_noop("Service message"),
    "loyalty": gettext_noop("Loyalty program"),
    "marketing": gettext_noop("Offer"),
    "test": gettext_noop("Test"),
}


REASONS: dict[str, str] = {
    "opted_out": gettext_noop("The owner of this address wants no more messages."),
    "asked_enough": gettext_noop("Was asked enough lately."),
    "no_address": gettext_noop("There is no address for this channel."),
}
"""Why a message is refused, by code."""


@dataclass(frozen=True)
class Limit:
    """At most `count` messages of one purpose to one person within `days` rolling days."""

    count: int
    days: int


LIMITS: dict[str, Limit] = {"survey": Limit(count=1, days=30)}
"""The limits in force where the company has set none of its own."""


def normal_address(address: str) -> str:
    """The form in which addresses compare: no spaces around, no capitals.

    >>> normal_address(" Ann@Example.COM ")
    'ann@example.com'
    """
    return address.strip().lower()


def pause_after(attempts: int) -> timedelta:
    """How long to wait before the next try: 1, 3, 9, 27 minutes.

    >>> pause_after(1), pause_after(3)
    (datetime.timedelta(seconds=60), datetime.timedelta(seconds=540))
    """
    return timedelta(minutes=3 ** max(attempts - 1, 0))


def free_from(contacts: Sequence[datetime], *, limit: Limit, now: datetime) -> datetime:
    """The first moment at which one more contact keeps the limit; `now` when it does already.

    A contact counts while its time plus the window is later than the moment asked about; exactly
    at that time it no longer counts.

    >>> from datetime import UTC
    >>> day = datetime(2026, 3, 1, tzinfo=UTC)
    >>> free_from([day], limit=Limit(1, 30), now=day + timedelta(days=29)).isoformat()
    '2026-03-31T00:00:00+00:00'
    >>> free_from([day], limit=Limit(1, 30), now=day + timedelta(days=30)).isoformat()
    '2026-03-31T00:00:00+00:00'
    """
    window = timedelta(days=limit.days)
    ends = sorted(at + window for at in contacts if at + window > now)
    if len(ends) < limit.count:
        return now
    return ends[len(ends) - limit.count] if limit.count else now + window
