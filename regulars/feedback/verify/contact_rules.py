"""What each policy of the cases of contact rules asks the budget for."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from regulars.channels.rules.budget import contact_from, contacts_with, policy_from

Given = dict[str, Any]


def decided(given: Given) -> Given:
    """What becomes of the contact that a case asks for, after the contacts that it tells."""
    request, at = given["request"], datetime.fromisoformat
    history = contacts_with(request["customer"], given.get("history") or (), at=at)
    found = policy_from(given).decide(request["customer"], contact_from(request, at=at), history)
    return {
        "decision": found.decision,
        "send_at": found.send_at,
        "earliest": found.earliest,
        "blocked_by": found.blocked_by,
    }


POLICIES: dict[str, Callable[[Given], Given]] = dict.fromkeys(
    (
        "rolling_window",
        "per_survey_window",
        "identity",
        "reminders",
        "excess_action",
        "duplicate",
        "whitelist",
    ),
    decided,
)
"""All of them are one decision over one form of rule."""

CONTACT = ("customer", "survey", "kind", "message", "at", "purpose", "channel")
RULE = ("id", "scope", "max", "window", "on_excess", "delay", "reminders", "spared")
FIELDS: dict[str, str] = dict.fromkeys(
    POLICIES,
    " ".join((
        "rules history request duplicate_window whitelist",
        *(f"rules.{field}" for field in RULE),
        *(f"{one}.{field}" for one in ("history", "request") for field in CONTACT),
    )),
)  # fmt: skip
"""The fields that the product looks at; others are told in the report."""
