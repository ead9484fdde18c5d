"""Replies: how long an answer may follow what somebody wrote, and the words that end it all."""

from datetime import datetime, timedelta

REPLY_WITHIN = timedelta(hours=24)
"""Whoever wrote to us waits for an answer for so long; later it is a contact like any other."""

STOP_WORDS = frozenset({"stop", "unsubscribe", "стоп", "отписаться"})
"""A whole message of one of these takes its sender off the list of the channel."""


def is_stop(text: str) -> bool:
    """Whether a message says that its sender wants no more.

    >>> is_stop(" /Stop! "), is_stop("please do not stop")
    (True, False)
    """
    return text[:40].strip().removeprefix("/").rstrip(".!").casefold() in STOP_WORDS


def may_reply(*, heard_at: datetime, opted_out_at: datetime | None, now: datetime) -> str:
    """Why a message must not be answered now, as a code of `REASONS`; empty where it may.

    What came before a stop is not answered; the stop itself is, once, so that its sender knows.

    >>> from datetime import UTC
    >>> heard = datetime(2026, 3, 2, 12, tzinfo=UTC)
    >>> may_reply(heard_at=heard, opted_out_at=None, now=heard + timedelta(hours=25))
    'too_late_to_reply'
    >>> may_reply(heard_at=heard, opted_out_at=heard, now=heard)
    ''
    """
    if opted_out_at is not None and opted_out_at > heard_at:
        return "opted_out"
    return "" if now - heard_at <= REPLY_WITHIN else "too_late_to_reply"
