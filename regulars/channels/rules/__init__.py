"""Why messages are held back, when to try again, and how addresses compare."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext

ATTEMPTS_MAX = 5
"""After this many tries a message counts as failed."""

BATCH = 500
"""How many messages one job sends at most."""

PICK_UP_AFTER = timedelta(minutes=10)
"""A message that has waited or been in sending this long is taken up again."""


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


TO_EMPLOYEE = "to employee"
"""The purpose of a letter to an employee at the address of their account.

It is no purpose that customers agree to, and no company can add one of that name: codes of
purposes have no spaces.
"""

STATES: dict[str, str] = {
    "waiting": gettext_noop("Waiting"),
    "sending": gettext_noop("Being sent"),
    "sent": gettext_noop("Sent"),
    "failed": gettext_noop("Failed"),
    "refused": gettext_noop("Not sent"),
}

MAIL_KINDS: dict[str, str] = {
    "hard": gettext_noop("Address is dead"),
    "soft": gettext_noop("Not delivered this time"),
    "complaint": gettext_noop("Complaint"),
    "opt_out": gettext_noop("Unsubscribed"),
    "nothing": gettext_noop("For information"),
    "unknown": gettext_noop("About no mail of ours"),
    "unreadable": gettext_noop("Put aside"),
}
"""What a mail that came back is."""

MAIL_EFFECTS: dict[str, str] = {
    "closed": gettext_noop("No more mail to this address"),
    "withdrawn": gettext_noop("Consent withdrawn, no more mail"),
    "counted": gettext_noop("Counted"),
    "none": gettext_noop("Nothing done"),
}
"""What was done about it."""

COUNTED = ("waiting", "sending", "sent")
"""States of messages that count as contacts."""

REASONS: dict[str, str] = {
    "opted_out": gettext_noop("The owner of this address wants no more messages."),
    "undeliverable": gettext_noop("Mail to this address came back."),
    "complained": gettext_noop("The owner of this address called a mail of ours spam."),
    "asked_enough": gettext_noop("Was asked enough lately."),
    "no_address": gettext_noop("There is no address for this channel."),
    "no_consent": gettext_noop("Has not agreed to this."),
    "not_confirmed": gettext_noop("Has agreed, but not confirmed it from the mailbox yet."),
    "consent_expired": gettext_noop("The consent has expired."),
    "consent_outdated": gettext_noop("Agreed to an older text and has to be asked again."),
    "same_message": gettext_noop("Got the same message a short while ago."),
    "restricted": gettext_noop("The use of this person's data is restricted."),
    "unknown_purpose": gettext_noop("Nothing is sent for this purpose."),
    "not_a_reply": gettext_noop("Answers nothing that came from this address."),
    "too_late_to_reply": gettext_noop("What it answers came more than a day ago."),
    "not_a_test": gettext_noop("A test goes to colleagues only."),
    "not_an_employee": gettext_noop("No employee signs in with this address."),
}
"""Why a message is refused, by code."""


def reason_for(code: str) -> str:
    """Why a message is refused, in the reader's language."""
    return gettext(REASONS[code])


DUPLICATE_WINDOW = "PT12H"
"""For so long the same message is not sent to the same person again."""

DEFAULT_RULES: tuple[dict[str, Any], ...] = (
    {
        "code": "surveys",
        "name": gettext_noop("One survey in 30 days"),
        "position": 10,
        "scope": "purpose:survey",
        "max": 1,
        "window": "P30D",
    },
)
"""The rules in force where the company has none of the same code."""


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
