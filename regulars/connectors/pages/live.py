"""Events as they come in, while one clicks; one opened to its JSON, its times, and who it is."""

import json
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from regulars.connectors.pages.sources import NEEDS
from regulars.connectors.pages.tabs import event_tabs
from regulars.connectors.watching import Wanted, event_sources, newest_events, person_behind
from regulars.core.access import get_seen
from regulars.customers.models import TrackedEvent
from regulars.customers.models.tracked import TYPES
from regulars.web.pages import Shown, page, show

JUST_NOW = timedelta(seconds=10)


@page("settings/events/live", needs=NEEDS, title=_("Live events"), name="connectors.live_events")
def live(request: HttpRequest) -> Shown:
    """The newest events, renewed every two seconds; filters are in the address."""
    return show(
        request,
        "connectors/live.html",
        tabs=event_tabs("connectors.live_events"),
        sources=list(event_sources().values_list("code", "name")),
        types=TYPES,
        **_context(request),
    )


@page("settings/events/live/rows", needs=NEEDS, name="connectors.live_rows")
def rows(request: HttpRequest) -> Shown:
    """The table alone, for the page that asks again and again."""
    return show(request, "connectors/_live.html", **_context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    told = {
        key: request.GET.get(key, "")[:100].replace("\x00", "") for key in Wanted.__annotations__
    }
    wanted = Wanted(**{key: value.strip() for key, value in told.items()})
    since = timezone.now() - JUST_NOW
    events = newest_events(wanted)
    query = request.GET.urlencode()
    return {
        "wanted": wanted,
        "is_filtered": any(told.values()),
        "address": reverse("connectors.live_rows") + (f"?{query}" if query else ""),
        "events": [(one, one.received_at >= since, _about(one)) for one in events],
    }


def _about(event: TrackedEvent) -> str:
    """A line on what happened: the page, or the first properties."""
    page = event.context.get("page")
    if event.type in {"page", "screen"} or not event.properties:
        path = page.get("path") if isinstance(page, dict) else ""
        return str(path or event.properties.get("path") or "")[:100]
    return ", ".join(f"{key}: {value}" for key, value in list(event.properties.items())[:4])[:120]


@page("settings/events/live/<int:tracked_event_id>", needs=NEEDS, name="connectors.live_event")
def event(request: HttpRequest, tracked_event_id: int) -> Shown:
    """One event with all it says."""
    user: Any = request.user
    found = get_seen(TrackedEvent, tracked_event_id, seen_by=user)
    return show(
        request,
        "connectors/live_event.html",
        event=found,
        person=person_behind(found) if user.has_perm("customers.view_customer") else None,
        properties=json.dumps(found.properties, ensure_ascii=False, indent=2),
        surroundings=json.dumps(found.context, ensure_ascii=False, indent=2),
    )
