"""What people may ask about their data, and by when it is answered."""

from datetime import datetime, timedelta


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


KINDS: dict[str, str] = {
    "export": gettext_noop("Copy of their data"),
    "correction": gettext_noop("Correction"),
    "restriction": gettext_noop("Restriction"),
    "objection": gettext_noop("Objection to offers"),
    "erasure": gettext_noop("Erasure"),
}

STATES: dict[str, str] = {
    "open": gettext_noop("To do"),
    "running": gettext_noop("Being done"),
    "done": gettext_noop("Done"),
    "refused": gettext_noop("Declined"),
    "failed": gettext_noop("Stopped"),
}

ASKED_BY: dict[str, str] = {
    "person": gettext_noop("The person, by their preference page"),
    "employee": gettext_noop("An employee, for the person"),
    "program": gettext_noop("A program, through the API"),
}

FILES = ("data", "certificate")
SCOPES = ("all", "marketing")
OPEN_STATES = ("open", "running", "failed")

LINK_DAYS = 7
"""How long the link to an export opens it."""


def due_at(asked_at: datetime, *, days: int) -> datetime:
    """The moment by which a request is to be answered."""
    return asked_at + timedelta(days=days)


def clock_tone(state: str, due: datetime, now: datetime) -> str:
    """How a request's clock looks: `bad` past its time, `warn` in the last week, else nothing.

    >>> from datetime import UTC
    >>> clock_tone("open", datetime(2026, 1, 8, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))
    'warn'
    """
    if state not in OPEN_STATES:
        return ""
    if due <= now:
        return "bad"
    return "warn" if due - now <= timedelta(days=7) else ""
