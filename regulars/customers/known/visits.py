"""What people did on sites and in apps."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from regulars.company.queries import get_brand
from regulars.core.conditions.fields import Catalogue, Choice, FactKind, Field, OpenField
from regulars.customers.knowledge import PERSON, FactSource, Lake, Persons, know_facts
from regulars.customers.known.named import properties_seen
from regulars.customers.known.rows import rows_by_lead
from regulars.customers.models.tracked import TYPES
from regulars.customers.queries.visits import (
    CAME_FROM,
    CAMPAIGN,
    CAMPAIGN_SOURCE,
    MEDIUM,
    PATH,
    PROPERTIES,
    VISIT,
)

WAYS: dict[str, Any] = {
    "advertising": _("Advertising"),
    "email": _("E-mail"),
    "messenger": _("Messenger"),
    "social": _("Social media"),
    "search": _("Search engine"),
    "site": _("Another site"),
    "direct": _("Nothing known"),
}

EVENTS = Catalogue("event")
EVENTS.add(
    Field("name", "text", _("Name of the event or page")),
    Field("type", "text", _("Kind of call"), choices=tuple(Choice(one, one) for one in TYPES)),
    Field("source", "text", _("Source")),
    Field("path", "text", _("Address within the site")),
    Field(
        "came_from",
        "text",
        _("What led to the visit"),
        choices=tuple(Choice(code, label) for code, label in WAYS.items()),
    ),
    Field("campaign_source", "text", _("Campaign source")),
    Field("medium", "text", _("Campaign medium")),
    Field("campaign", "text", _("Campaign")),
    Field("visit", "text", _("Visit")),
)


EVENTS.add_open(
    OpenField(
        "properties",
        _("A property of the event"),
        _("Property “%(key)s”"),
        properties_seen,
    )
)


def _events(persons: Persons, since: datetime | None) -> Mapping[int, list[dict[str, Any]]]:
    return _read_events(persons, since, "")


def _events_with_properties(
    persons: Persons, since: datetime | None
) -> Mapping[int, list[dict[str, Any]]]:
    return _read_events(persons, since, f", {PROPERTIES} AS properties")


def _read_events(
    persons: Persons, since: datetime | None, more: str
) -> Mapping[int, list[dict[str, Any]]]:
    return rows_by_lead(
        f"""SELECT person.lead_id, event.id, event.at, event.name, event.type, event.source,
            {VISIT} AS visit, {CAME_FROM} AS came_from, {CAMPAIGN_SOURCE} AS campaign_source,
            {MEDIUM} AS medium, {CAMPAIGN} AS campaign, {PATH} AS path{more}
        FROM {PERSON}
        JOIN customers_trackedevent event ON event.customer_id = person.id
            AND event.at >= coalesce(%(since)s::timestamptz, '-infinity')""",
        persons.arrays | {"since": since, "zone": get_brand().timezone},
    )


def _events_in_lake(lake: Lake, wanted: frozenset[str]) -> Any:
    return lake.by_person(lake["tracked_events"], "id", "at", *sorted(wanted))


know_facts(
    FactSource(
        FactKind("event", _("Events on site and in apps"), EVENTS),
        _events,
        _events_in_lake,
        ("tracked_events", "persons"),
        _events_with_properties,
    )
)
