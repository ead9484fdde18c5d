"""Group commit: what arrives while a commit runs waits in memory and goes into the next one.

So the disk is waited for once for all requests of some milliseconds, and every request is answered
only after its own bytes are on the disk.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import psycopg
from django.db import DatabaseError, InterfaceError, connection, transaction

from regulars.connectors.collect.checking import Letter, Sorted
from regulars.core.sql import int_array, text_array, time_array

WAITING_BYTES_MAX = 64 * 1024 * 1024
"""Above this much in memory, clients are asked to come again a little later."""

PARCEL_BYTES_MAX = 8 * 1024 * 1024


class Full(Exception):
    """More waits to be written than memory should hold."""


class NotWritten(Exception):
    """The database did not take the parcel."""


class Appender:
    """Writes requests of one process to the append table, one commit at a time, in `thread`."""

    def __init__(self, thread: Executor | None = None) -> None:
        self._waiting: list[tuple[Sorted, asyncio.Future[None]]] = []
        self._waiting_bytes = 0
        self._is_writing = False
        self.thread = thread or ThreadPoolExecutor(1, thread_name_prefix="append")

    async def append(self, request: Sorted) -> None:
        """Gives back once the request is durable; `Full` or `NotWritten` where it is not."""
        if self._waiting_bytes > WAITING_BYTES_MAX:
            raise Full
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.append((request, done))
        self._waiting_bytes += request.size
        if not self._is_writing:
            self._is_writing = True
            self._write_next(loop)
        await done

    def _write_next(self, loop: asyncio.AbstractEventLoop) -> None:
        group = self._take()
        requests = [request for request, _done in group]
        written = loop.run_in_executor(self.thread, _write, requests)
        written.add_done_callback(lambda future: self._tell(loop, group, written=future))

    def _take(self) -> list[tuple[Sorted, asyncio.Future[None]]]:
        size, count = 0, 0
        for request, _done in self._waiting:
            size += request.size
            count += 1
            if size >= PARCEL_BYTES_MAX:
                break
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_bytes -= size
        return group

    def _tell(
        self,
        loop: asyncio.AbstractEventLoop,
        group: Sequence[tuple[Sorted, asyncio.Future[None]]],
        *,
        written: asyncio.Future[None],
    ) -> None:
        failure = written.exception()
        for _request, done in group:
            if done.cancelled():
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(NotWritten(str(failure)))
        if self._waiting:
            self._write_next(loop)
        else:
            self._is_writing = False


def _write(requests: Sequence[Sorted]) -> None:
    """One commit for a group of requests; tried again once where the connection was lost."""
    body = b"".join([piece for request in requests for piece in request.pieces])
    letters = [letter for request in requests for letter in request.letters]
    try:
        _commit(body, letters)
    except (DatabaseError, InterfaceError, psycopg.Error):
        connection.close()
        _commit(body, letters)


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
        cursor.execute("INSERT INTO connectors_parcel (body) VALUES (%b)", [body], prepare=True)


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
