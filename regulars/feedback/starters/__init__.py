"""Surveys to start from: a few proven ones, so that nobody begins with an empty page."""

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Starter:
    """A ready definition with its name and what it is good for."""

    key: str
    name: Promise
    about: Promise

    @property
    def definition(self) -> dict[str, Any]:
        """A fresh copy of the definition."""
        path = resources.files("regulars.feedback.starters") / f"{self.key}.json"
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded


STARTERS = (
    Starter(
        "after_purchase",
        _("After a purchase"),
        _(
            "Would they recommend us, are they satisfied, and what went wrong. Two minutes after the till."
        ),
    ),
    Starter(
        "relational_nps",
        _("Relationship"),
        _("Would they recommend us and why. Twice a year, to everybody."),
    ),
    Starter(
        "after_service",
        _("After service"),
        _("How much effort it took to get a question solved. After every contact."),
    ),
    Starter(
        "product",
        _("Product"),
        _("How they like what they bought, and what to mend. Two weeks after the purchase."),
    ),
    Starter(
        "store_visit",
        _("Store visit"),
        _(
            "Did they find what they came for, and how were people and store. By a QR code at the door."
        ),
    ),
    Starter(
        "cancellation",
        _("Cancellation"),
        _("Why they leave and what would bring them back. When somebody cancels."),
    ),
    Starter(
        "mystery_visit",
        _("Mystery visit"),
        _("A checklist from the entrance to the checkout. For shoppers that you send."),
    ),
)


def starter(key: str) -> Starter:
    """The starter of that key."""
    found = next((one for one in STARTERS if one.key == key), None)
    if found is None:
        raise NotFound("no_starter", f"there is no survey template {key}", "starter")
    return found
