"""Notes of other domains on a customer's timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from regulars.core.events import publish
from regulars.core.sql import int_array, json_array, text_array, time_array
from regulars.customers.events import ActsNoted


@dataclass(frozen=True, slots=True)
class TimelineNote:
    """Something that happened with a customer. `kind` and `cause` together are noted once.

    The kind is named `<domain>.<what happened>`; `body` holds plain values, and of these `title`
    and `text` are shown where the kind has no look of its own (`regulars.customers.timeline`). An
    act is something the customer did of their own will; others hear of it.
    """

    customer_id: int
    at: datetime
    kind: str
    cause: str
    body: Mapping[str, Any] = field(default_factory=dict)
    store_id: int | None = None
    sample: bool = False
    is_act: bool = False


def note_on_timeline(entries: Sequence[TimelineNote]) -> int:
    """How many of these notes are new; all of them stand on the timeline now.

    One statement, and the event where some of the new ones are acts.
    """
    if not entries:
        return 0
    ordered = sorted(entries, key=lambda note: (note.kind, note.cause))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_timelineentry
                (customer_id, at, kind, cause, body, store_id, sample)
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
                %s::jsonb[], %s::bigint[], %s::bool[])
            ON CONFLICT (kind, cause) DO NOTHING RETURNING id, kind, cause""",
            [
                int_array([note.customer_id for note in ordered]),
                time_array([note.at for note in ordered]),
                text_array([note.kind for note in ordered]),
                text_array([note.cause for note in ordered]),
                json_array([dict(note.body) for note in ordered]),
                int_array([note.store_id for note in ordered]),
                text_array(["t" if note.sample else "f" for note in ordered]),
            ],
        )
        made = cursor.fetchall()
    acts = {(note.kind, note.cause) for note in entries if note.is_act and not note.sample}
    if found := tuple(row[0] for row in made if (row[1], row[2]) in acts):
        publish(ActsNoted(entry_ids=found))
    return len(made)
