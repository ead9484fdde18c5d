"""The fact `tracked_events`: what people did on sites and in apps.

`came_from`, `campaign_source`, `medium`, `campaign` and `referrer` tell what led to the visit, as far
as the event itself knows; a visit's own are those of its first event. `properties` are notes of the
event's own (`core.conditions.notes`).
"""

from regulars.customers.queries.visits import (
    CAME_FROM,
    CAMPAIGN,
    CAMPAIGN_SOURCE,
    MEDIUM,
    OPENS_VISIT,
    PATH,
    PROPERTIES,
    REFERRER_HOST,
    VISIT,
)
from regulars.insight.lake.fact import Fact, facts

facts.add("tracked_events")(
    Fact(
        name="tracked_events",
        source="customers_trackedevent",
        rows=f"""
            SELECT event.id, (event.at AT TIME ZONE %(zone)s)::date AS day,
                   event.at AT TIME ZONE 'UTC' AS at, event.source, event.type, event.name,
                   event.customer_id, {VISIT} AS visit, {OPENS_VISIT} AS opens_visit,
                   {CAME_FROM} AS came_from, {CAMPAIGN_SOURCE} AS campaign_source, {MEDIUM} AS medium,
                   {CAMPAIGN} AS campaign, {REFERRER_HOST} AS referrer, {PATH} AS path,
                   {PROPERTIES} AS properties
            FROM customers_trackedevent event
        """,
        columns={
            "id": "int64",
            "day": "date",
            "at": "timestamp",
            "source": "string",
            "type": "string",
            "name": "string",
            "customer_id": "int64",
            "visit": "string",
            "opens_visit": "boolean",
            "came_from": "string",
            "campaign_source": "string",
            "medium": "string",
            "campaign": "string",
            "referrer": "string",
            "path": "string",
            "properties": "string",
        },
    )
)
