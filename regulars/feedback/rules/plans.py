"""Plans of asking: who falls into the sample, what is done when, and why somebody is not asked."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from regulars.channels.rules.quiet import quiet_until


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


TRIGGERS: dict[str, str] = {
    "purchase": gettext_noop("After a purchase"),
    "return": gettext_noop("After goods came back"),
    "passage": gettext_noop("After a touchpoint was passed"),
    "event": gettext_noop("After an event of a site or program"),
    "segment": gettext_noop("When somebody comes into a segment"),
    "schedule": gettext_noop("By the clock, everybody in a segment"),
}
"""What makes people candidates."""

WITH_SUBJECT = ("passage", "event", "segment")
"""Triggers that need to be told which touchpoint, event or segment."""

REMINDERS_MAX = 3

FRESH = timedelta(days=3)
"""What happened longer ago makes nobody a candidate: records of old are read in, too."""

NOT_ASKED: dict[str, str] = {
    "not_sampled": gettext_noop("Not drawn: the plan asks a share only."),
    "not_in_segment": gettext_noop("Not in the segment that the plan asks."),
    "asked_lately": gettext_noop("Was asked this survey not long ago."),
    "asked_already": gettext_noop("Was asked about this by another plan."),
    "survey_closed": gettext_noop("The survey takes no more answers."),
    "plan_off": gettext_noop("The plan was switched off before the moment came."),
}
"""Why a plan leaves somebody out, by code; the door to sending has reasons of its own."""

OVER: dict[str, str] = {
    "answered": gettext_noop("Answered."),
    "ended": gettext_noop("Ended without an answer."),
    "last_step": gettext_noop("Was asked and reminded as planned."),
}
"""Why nothing more is done for somebody who was asked."""

NEXT_CHANNEL = (
    "no_address",
    "no_consent",
    "not_confirmed",
    "consent_expired",
    "consent_outdated",
    "opted_out",
    "unknown_purpose",
)
"""Reasons that close one channel only, so that the next one is tried at once."""


@dataclass(frozen=True, slots=True)
class Step:
    """One contact of a plan: the first one, by another channel, or a reminder; from the first on."""

    kind: Literal["ask", "fallback", "reminder"]
    channel: str
    after: timedelta


def steps_of(modes: Sequence[Mapping[str, Any]], reminder_days: Sequence[int]) -> list[Step]:
    """What a plan does for a person who never answers, in the order in which it does it.

    Reminders go by the last channel.

    >>> modes = [{"channel": "email"}, {"channel": "sms", "after_minutes": 120}]
    >>> [(one.kind, one.channel, str(one.after)) for one in steps_of(modes, [3])]
    [('ask', 'email', '0:00:00'), ('fallback', 'sms', '2:00:00'), ('reminder', 'sms', '3 days, 0:00:00')]
    """
    steps = [
        Step(
            "fallback" if number else "ask",
            mode.get("channel", ""),
            timedelta(minutes=mode.get("after_minutes", 0) if number else 0),
        )
        for number, mode in enumerate(modes or [{}])
    ]
    channel = steps[-1].channel
    steps += [Step("reminder", channel, timedelta(days=days)) for days in reminder_days]
    return sorted(steps, key=lambda step: step.after)


def is_drawn(plan_id: int, customer_id: int, *, share_per_mille: int) -> bool:
    """Whether a person falls into the sample of a plan: always the same, and apart from other plans.

    >>> sum(is_drawn(7, one, share_per_mille=250) for one in range(1000))
    263
    """
    digest = hashlib.blake2b(f"{plan_id}:{customer_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") * 1000 < share_per_mille << 64


def reminders_in_order(days: Iterable[int]) -> list[int]:
    """The days of reminders as a plan can keep them: each later, within a year, three at most.

    >>> reminders_in_order([7, 3, 3, 0, 400])
    [3, 7]
    """
    return sorted({day for day in days if 1 <= day <= 365})[:REMINDERS_MAX]


def asking_moment(at: datetime, *, since: time | None, until: time | None, zone: str) -> datetime:
    """The moment itself, or the next one within the hours of asking where the person lives.

    >>> from datetime import UTC
    >>> at = datetime(2026, 3, 2, 20, tzinfo=UTC)
    >>> asking_moment(at, since=time(10), until=time(20), zone="Europe/Moscow").isoformat()
    '2026-03-03T07:00:00+00:00'
    """
    if since is None or until is None:
        return at
    return quiet_until(at, since=until, until=since, zone=ZoneInfo(zone))
