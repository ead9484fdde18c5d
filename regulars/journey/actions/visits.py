"""Passages of people on the site or in the app, from the events that programs told."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.customers.queries.visits import (
    CAME_FROM,
    OPENS_VISIT,
    PLATFORM,
    SAMPLE_SOURCE,
    VISIT,
)
from regulars.journey.actions.defaults import ensure_defaults
from regulars.journey.events import PassagesRecorded
from regulars.journey.models import Touchpoint
from regulars.journey.rules import CHANNEL_OF_VISIT, FED_BY_EVENT

_EVENT = f"""SELECT event.id, event.customer_id, event.at, event.source = '{SAMPLE_SOURCE}' AS sample,
    event.type, event.name, {OPENS_VISIT} AS opens, {VISIT} AS visit, {PLATFORM} AS platform,
    {CAME_FROM} AS came_from
FROM customers_trackedevent event"""

_CHANNEL = " ".join(f"WHEN '{cause}' THEN '{name}'" for cause, name in CHANNEL_OF_VISIT.items())
_CHANNEL = f"CASE told.came_from {_CHANNEL} ELSE told.platform END"

_WRITE = """
INSERT INTO journey_passage AS known (touchpoint_id, customer_id, store_id, at, cause, sample)
SELECT DISTINCT ON (given.cause) touchpoint.id, given.customer_id, NULL, given.at, given.cause,
    given.sample
FROM given CROSS JOIN LATERAL (
    SELECT id FROM journey_touchpoint
    WHERE fed_by = given.kind AND retired_at IS NULL AND channel IN (given.channel, given.platform)
    ORDER BY channel = given.channel DESC LIMIT 1) touchpoint
ORDER BY given.cause, given.at, given.id
ON CONFLICT (cause) DO UPDATE SET at = excluded.at, touchpoint_id = excluded.touchpoint_id
    WHERE excluded.at < known.at
RETURNING id, xmax = 0
"""
"""A visit begins with its earliest event, in whichever order events come in.

One that came on a channel without a touchpoint of its own goes through the site's or the app's.
"""


def pass_by_known_events(event_ids: Sequence[int], *, now: datetime) -> int:
    """Write the passages of events, on a map that is laid out first where there is none."""
    if not Touchpoint.objects.exists():
        ensure_defaults(now=now)
    return pass_by_events(event_ids)


@transaction.atomic
def pass_by_events(event_ids: Sequence[int]) -> int:
    """Write the passages that tracked events are; gives how many are new, in two statements.

    A visit is one passage, whatever its number of events; so is each thing done in it that feeds a
    touchpoint, such as a look at products. The first visit of a record is one more. An event of
    before that comes in later moves the beginning of its visit, and the first visit.
    """
    ids = int_array(event_ids)
    written = [
        *_rows(
            f"""
            WITH told AS ({_EVENT} WHERE event.id = ANY(%s::bigint[])
                AND event.customer_id IS NOT NULL AND event.type IN ('page', 'screen', 'track')),
            done AS (SELECT * FROM unnest(%s::text[], %s::text[]) AS done (name, kind)),
            given AS (
                SELECT id, customer_id, at, sample, platform, {_CHANNEL} AS channel, 'visit' AS kind,
                    'visit:' || customer_id || ':' || visit AS cause
                FROM told WHERE opens
                UNION ALL
                SELECT id, customer_id, at, sample, platform, platform, done.kind,
                    done.kind || ':' || customer_id || ':' || visit
                FROM told JOIN done USING (name) WHERE told.type = 'track'
            ) {_WRITE}""",
            [ids, text_array(FED_BY_EVENT), text_array(FED_BY_EVENT.values())],
        ),
        *_rows(
            f"""
            WITH visitor AS (SELECT DISTINCT customer_id FROM customers_trackedevent event
                WHERE id = ANY(%s::bigint[]) AND customer_id IS NOT NULL AND {OPENS_VISIT}),
            told AS (SELECT first.* FROM visitor CROSS JOIN LATERAL ({_EVENT}
                WHERE event.customer_id = visitor.customer_id AND {OPENS_VISIT}
                ORDER BY event.at, event.id LIMIT 1) first),
            given AS (
                SELECT id, customer_id, at, sample, platform, {_CHANNEL} AS channel,
                    'first_visit' AS kind, 'first_visit:customer:' || customer_id AS cause
                FROM told
            ) {_WRITE}""",
            [ids],
        ),
    ]
    fresh = tuple(row[0] for row in written if row[1])
    if fresh:
        publish(PassagesRecorded(passage_ids=fresh))
    return len(fresh)


def _rows(statement: str, parameters: Sequence[str]) -> list[tuple[int, bool]]:
    """The passages one statement wrote, each with whether it is new."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(row[0], row[1]) for row in cursor.fetchall()]
