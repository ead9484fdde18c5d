"""What happened with a person: notes of all domains, and rows that stand on the timeline as they are."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from regulars.core.sql import text_array

PURCHASE = "purchase"
"""The kind under which the timeline shows purchases."""


class Happening(NamedTuple):
    """One entry of a timeline: a row of a stream (such as a purchase), or what a domain noted."""

    at: datetime
    kind: str
    id: int
    store_id: int | None
    body: dict[str, Any]
    sample: bool


class Cursor(NamedTuple):
    """The place after which a timeline goes on."""

    at: datetime
    kind: str
    id: int


@dataclass(frozen=True)
class Stream:
    """A table whose rows stand on people's timelines as they are, so that nothing is copied.

    All parts are SQL of ours: `at` the column of the moment, `body` a JSON object, `whose` the rows of
    `person.id` by an index. A stream that is `quiet` is shown only when its kind is asked for.
    """

    kind: str
    table: str
    at: str
    body: str
    whose: str = "customer_id = person.id"
    where: str = "true"
    store: str = "NULL::bigint"
    sample: str = "false"
    quiet: bool = False

    @property
    def sql(self) -> str:
        """The latest rows of each record of the person, at most as many as a page shows."""
        return f"""SELECT part.* FROM person CROSS JOIN LATERAL (
            SELECT {self.at} AS at, '{self.kind}' AS kind, id, {self.store} AS store_id,
                {self.body} AS body, {self.sample} AS sample
            FROM {self.table} WHERE {self.whose} AND {self.where}
                AND (%(at)s::timestamptz IS NULL OR {self.at} <= %(at)s::timestamptz)
                AND (%(at)s::timestamptz IS NULL OR ({self.at}, '{self.kind}', id)
                    < (%(at)s::timestamptz, %(kind)s, %(id)s::bigint))
            ORDER BY {self.at} DESC, id DESC LIMIT %(limit)s) part"""

    @property
    def is_there(self) -> str:
        """Whether a person has any row of it."""
        return f"""SELECT '{self.kind}' WHERE EXISTS (SELECT FROM person
            JOIN LATERAL (SELECT FROM {self.table} WHERE {self.whose} AND {self.where} LIMIT 1) part
            ON true)"""


STREAMS: dict[str, Stream] = {}


def flows_in(stream: Stream) -> None:
    """Say that rows of a table stand on people's timelines."""
    STREAMS[stream.kind] = stream


flows_in(
    Stream(
        PURCHASE,
        "customers_purchase",
        "bought_at",
        """jsonb_build_object('total_minor', total_minor, 'discount_minor', discount_minor,
            'number', number, 'served_by_id', served_by_id)""",
        where="voided_at IS NULL",
        store="store_id",
    )
)
flows_in(
    Stream(
        "return",
        "customers_return",
        "returned_at",
        "jsonb_build_object('total_minor', total_minor, 'reason', reason)",
        whose="purchase_id IN (SELECT id FROM customers_purchase WHERE customer_id = person.id)",
        store="store_id",
    )
)
flows_in(
    Stream(
        "consent",
        "customers_consent",
        "at",
        "jsonb_build_object('purpose', purpose, 'channel', channel, 'state', state)",
        where="voided_at IS NULL",
        sample="sample",
    )
)
_TRACKED = "jsonb_build_object('name', name, 'properties', properties, 'page', context -> 'page')"
flows_in(Stream("tracked.event", "customers_trackedevent", "at", _TRACKED, where="type = 'track'"))
flows_in(
    Stream(
        "tracked.page",
        "customers_trackedevent",
        "at",
        _TRACKED,
        where="type IN ('page', 'screen')",
        quiet=True,
    )
)

_PERSON = """WITH person AS MATERIALIZED (SELECT id FROM customers_customer
    WHERE id = %(customer)s OR merged_into_id = %(customer)s)"""

_NOTES = """SELECT entry.* FROM person CROSS JOIN LATERAL (
    SELECT at, kind, id, store_id, body, sample FROM customers_timelineentry
    WHERE customer_id = person.id
        AND (%(kinds)s::text[] IS NULL OR kind = ANY(%(kinds)s::text[]))
        AND (%(at)s::timestamptz IS NULL OR at <= %(at)s::timestamptz)
        AND (%(at)s::timestamptz IS NULL
            OR (at, kind, id) < (%(at)s::timestamptz, %(kind)s, %(id)s::bigint))
    ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s) entry"""


def history_of(
    customer_id: int,
    *,
    kinds: Collection[str] = (),
    after: Cursor | None = None,
    limit: int = 30,
) -> list[Happening]:
    """What happened with a person, the latest first: streams and notes of all domains.

    With `kinds` only those; `after` is the last entry of the page before. One statement, and for
    each record of the person each part of it reads at most `limit` rows from its index.
    """
    at, kind, id_ = after or (None, None, None)
    parts = [_NOTES, *(one.sql for one in _wanted(kinds))]
    parameters: dict[str, Any] = {
        "customer": customer_id,
        "kinds": text_array(kinds) if kinds else None,
        "at": at,
        "kind": kind,
        "id": id_,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_PERSON} SELECT at, kind, id, store_id, body::text, sample
            FROM ({" UNION ALL ".join(f"({part})" for part in parts)}) AS happening
            ORDER BY at DESC, kind DESC, id DESC LIMIT %(limit)s""",
            parameters,
        )
        return [
            Happening(at, kind, id_, store_id, json.loads(body), sample)
            for at, kind, id_, store_id, body, sample in cursor.fetchall()
        ]


def _wanted(kinds: Collection[str]) -> list[Stream]:
    if kinds:
        return [STREAMS[kind] for kind in sorted(kinds) if kind in STREAMS]
    return [stream for stream in STREAMS.values() if not stream.quiet]


def kinds_on_timeline(customer_id: int) -> list[str]:
    """The kinds of entries that a person's timeline holds: streams first, then notes by name."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""{_PERSON} {" UNION ALL ".join(one.is_there for one in STREAMS.values())}
            UNION ALL (SELECT DISTINCT kind FROM customers_timelineentry
                WHERE customer_id IN (SELECT id FROM person))""",
            {"customer": customer_id},
        )
        found = {row[0] for row in cursor.fetchall()}
    return [one for one in STREAMS if one in found] + sorted(found - STREAMS.keys())
