"""Appending what clients send: the bodies of all requests that wait go into one parcel, one commit."""

from collections.abc import Sequence
from concurrent.futures import Executor

import psycopg
from django.db import DatabaseError, InterfaceError, connection, transaction

from regulars.connectors.collect.checking import Letter, Sorted
from regulars.connectors.collect.parcels import packed
from regulars.core.group_commit import GroupCommit
from regulars.core.sql import int_array, text_array, time_array

WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Above this much in memory, clients are asked to come again a little later."""

PARCEL_BYTES_MAX = 8 * 1024 * 1024


class Appender(GroupCommit[Sorted, None]):
    """Writes requests of one process to the append table, one commit at a time."""

    def __init__(self, thread: Executor | None = None) -> None:
        super().__init__(
            _write,
            group_max=PARCEL_BYTES_MAX,
            waiting_max=WAITING_BYTES_MAX,
            weight=lambda request: request.size,
            thread=thread,
        )


def _write(requests: Sequence[Sorted]) -> list[None]:
    """One commit for a group of requests; tried again once where the connection was lost."""
    body = b"".join([piece for request in requests for piece in request.pieces])
    letters = [letter for request in requests for letter in request.letters]
    try:
        _commit(body, letters)
    except (DatabaseError, InterfaceError, psycopg.Error):
        connection.close()
        _commit(body, letters)
    return [None] * len(requests)


def _commit(body: bytes, letters: Sequence[Letter]) -> None:
    connection.ensure_connection()
    if not letters:
        _insert_parcel(body)
        return
    with transaction.atomic():
        if body:
            _insert_parcel(body)
        insert_letters(letters)


def _insert_parcel(body: bytes) -> None:
    # Django's cursors put parameters into the text of the statement; bytes go better as they are.
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "INSERT INTO connectors_parcel (body, size) VALUES (%b, %s)",
            [packed(body), len(body)],
            prepare=True,
        )


def insert_letters(letters: Sequence[Letter]) -> None:
    """Write dead letters; a message that has one already keeps it. One statement."""
    rows = sorted({(one.source_id, one.message_id): one for one in letters}.items())
    kept = [letter for _key, letter in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO connectors_deadletter (source_id, message_id, type, name, user_id,
                anonymous_id, body, reason, path, rule, plan_id, received_at, state)
            SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
                %s::timestamptz[], %s::text[])
            ON CONFLICT (source_id, message_id) DO NOTHING""",
            [
                int_array([one.source_id for one in kept]),
                text_array([one.message_id for one in kept]),
                text_array([one.type for one in kept]),
                text_array([one.name for one in kept]),
                text_array([one.user_id for one in kept]),
                text_array([one.anonymous_id for one in kept]),
                text_array([one.body for one in kept]),
                text_array([one.reason for one in kept]),
                text_array([one.path for one in kept]),
                text_array([one.rule for one in kept]),
                int_array([one.plan_id for one in kept]),
                time_array([one.received_at for one in kept]),
                text_array([one.state for one in kept]),
            ],
        )
