"""How attempts to ask end: dispositions of respondents, and what each is to the AAPOR standard."""

from collections.abc import Mapping
from typing import Any

from regulars.feedback.rules.response import Dispositions


def gettext_noop(text: str) -> str:
    """The text itself; the name marks it for the translation catalogue."""
    return text


DISPOSITIONS: dict[str, str] = {
    "registered": gettext_noop("Chosen, not asked yet"),
    "queued": gettext_noop("On its way"),
    "failed": gettext_noop("Not delivered"),
    "contacted": gettext_noop("Reached, no answer yet"),
    "unresponsive": gettext_noop("Reached, never answered"),
    "refused": gettext_noop("Refused"),
    "unable": gettext_noop("Could not answer"),
    "started": gettext_noop("Began"),
    "breakoff": gettext_noop("Broke off"),
    "rejected": gettext_noop("Quota was full"),
    "ineligible": gettext_noop("Not one of those asked"),
    "interim_partial": gettext_noop("Partly answered so far"),
    "partial": gettext_noop("Partly answered"),
    "completed": gettext_noop("Completed"),
}
"""The states of one attempt, in the order in which it passes through them."""

FINAL = (
    "failed",
    "unresponsive",
    "refused",
    "unable",
    "breakoff",
    "rejected",
    "ineligible",
    "partial",
    "completed",
)
"""States in which an attempt has ended."""

REOPENABLE = ("breakoff", "unresponsive")
"""Ends without an answer on record; who comes back goes on."""

AAPOR: dict[str, str] = {
    "completed": "complete",
    "partial": "partial",
    "interim_partial": "partial",
    "started": "refused",
    "breakoff": "refused",
    "refused": "refused",
    "contacted": "non_contact",
    "unresponsive": "non_contact",
    "unable": "other",
    "registered": "unknown_household",
    "queued": "unknown_household",
    "failed": "unknown_other",
}
"""The group of AAPOR's Standard Definitions (10th edition, 2023) that each disposition counts in.

Whoever broke off counts as a refusal (code 2.12). People asked by name of whom nothing came back
are non-contacts (2.20), for a customer who bought is known to be eligible; where nothing was sent
yet (3.1) or it came back undelivered (3.3), eligibility is unknown. Quota filled (4.80) and screened
out (4.70) are not eligible and stand in no denominator.
"""

NOT_ELIGIBLE = ("rejected", "ineligible")

PARTIAL_SHARE_MIN = 0.5
"""From this share of the questions asked on, an answer counts as partial and not as broken off."""


def interim_disposition(*, answered: int, asked: int, has_measures: bool) -> str:
    """Where somebody stands who has not reached the end: begun, or partly answered.

    The standard wants the rule named in advance: partial is who answered every scored question, or
    at least half of all that are asked on this path.

    >>> interim_disposition(answered=1, asked=4, has_measures=False)
    'started'
    >>> interim_disposition(answered=1, asked=4, has_measures=True)
    'interim_partial'
    """
    if not answered:
        return "contacted"
    is_enough = has_measures or answered >= PARTIAL_SHARE_MIN * asked
    return "interim_partial" if is_enough else "started"


def closed_as(disposition: str) -> str:
    """What an attempt ends as when nothing more comes.

    >>> closed_as("started"), closed_as("interim_partial"), closed_as("contacted")
    ('breakoff', 'partial', 'unresponsive')
    """
    ends = {"started": "breakoff", "interim_partial": "partial", "contacted": "unresponsive"}
    return ends.get(disposition, disposition)


def aapor_counts(counts: Mapping[str, int], *, eligible_share: float = 1.0) -> Dispositions:
    """The groups of the standard from counts by disposition, ready for `response_rates`.

    >>> aapor_counts({"completed": 3, "rejected": 9, "breakoff": 1}).known
    4
    """
    groups: dict[str, Any] = {}
    for name, count in counts.items():
        if group := AAPOR.get(name):
            groups[group] = groups.get(group, 0) + count
    return Dispositions(**groups, eligible_share=eligible_share)
