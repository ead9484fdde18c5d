"""The tabs that join the pages of events."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from regulars.connectors.watching import letters_waiting


def event_tabs(current: str) -> list[dict[str, Any]]:
    """The tabs over sources, live events, the plan and dead letters."""
    waiting = letters_waiting()
    letters = gettext("Dead letters")
    told = (
        ("connectors.event_sources", gettext("Sources of events")),
        ("connectors.live_events", gettext("Live events")),
        ("connectors.tracking_plan", gettext("Tracking plan")),
        ("connectors.dead_letters", f"{letters} · {waiting}" if waiting else letters),
    )
    return [
        {"url": reverse(name), "label": label, "current": name == current} for name, label in told
    ]
