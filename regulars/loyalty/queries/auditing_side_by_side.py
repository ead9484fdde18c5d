"""Statements of an audit side by side, on several connections that see the same moment."""

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from django.db import DataError, connection, transaction

Rows = Sequence[tuple[Any, ...]]
Reader = Callable[[Iterable[tuple[Any, ...]]], Rows]
"""What is made of a statement's rows while they come, a few at a time: all may not fit in memory."""

CONNECTIONS = 4
"""At most so many at once; never more than there are cores."""

PAGES_END = 2**32 - 1
"""No page of any table has this number."""

AT_ONCE = 4
"""So many rows are brought to a reader together."""

BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL work_mem = '128MB'",
)


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction that only reads, and sees all tables as they are when it begins.

    Within a transaction of the caller's it is part of that, and sees what was written there.
    """
    with transaction.atomic():
        if not _is_within_another():
            _begin()
        yield


def rows_of(
    statements: Mapping[str, str],
    told: Mapping[str, Any],
    *,
    may_overflow: Collection[str] = (),
    readers: Mapping[str, Reader] | None = None,
) -> dict[str, Rows]:
    """The rows of each statement by its name, asked in `one_moment` on a connection for each core.

    A statement that `may_overflow` gives no rows where its numbers are too large to be worked with.
    One that has a reader gives what that makes of its rows.
    """
    asking = _Asking(statements, told, may_overflow, readers or {})
    helpers = 0 if _is_within_another() else min(os.cpu_count() or 1, CONNECTIONS) - 1
    if not helpers:
        asking.go_on()
        return asking.found
    with ThreadPoolExecutor(helpers) as pool:
        snapshot = _snapshot()
        others = [pool.submit(asking.go_on_elsewhere, snapshot) for _ in range(helpers)]
        asking.go_on()
        for other in others:
            other.result()
    return asking.found


def pages_of(table: str, at_once: int) -> list[tuple[int, int]]:
    """All pages of a table, so many together: from which one, and before which other.

    The first look keeps the table from being written anew until the transaction ends: a row that
    stays the same stays on its page.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
        cursor.execute("SELECT pg_relation_size(%s) / current_setting('block_size')::int", [table])
        pages = int(cursor.fetchone()[0])
    starts = range(0, pages + 1, at_once)
    return [*pairwise(starts), (starts[-1], PAGES_END)]


class _Asking:
    """Statements that wait, for whichever connection is free, and what the others gave."""

    def __init__(
        self,
        statements: Mapping[str, str],
        told: Mapping[str, Any],
        may_overflow: Collection[str],
        readers: Mapping[str, Reader],
    ) -> None:
        self._waiting = deque(statements.items())
        self._told = told
        self._may_overflow = may_overflow
        self._readers = readers
        self.found: dict[str, Rows] = {}

    def go_on(self) -> None:
        """Ask what waits, one after the other, until nothing does."""
        while True:
            try:
                name, statement = self._waiting.popleft()
            except IndexError:
                return
            self.found[name] = self._rows(name, statement)

    def go_on_elsewhere(self, snapshot: str) -> None:
        """The same in a thread with a connection of its own, which sees what the first one sees."""
        try:
            with transaction.atomic():
                _begin(snapshot)
                self.go_on()
        finally:
            connection.close()

    def _rows(self, name: str, statement: str) -> Rows:
        if reader := self._readers.get(name):
            return self._read(reader, statement)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, self._told)
                return list(cursor.fetchall())
        except DataError:
            if name in self._may_overflow:
                return []
            raise

    def _read(self, reader: Reader, statement: str) -> Rows:
        with connection.connection.cursor(name="audit", binary=True) as cursor:
            cursor.itersize = AT_ONCE
            return reader(cursor.execute(statement, self._told))


def _is_within_another() -> bool:
    return bool(connection.savepoint_ids) or connection.needs_rollback


def _begin(snapshot: str = "") -> None:
    with connection.cursor() as cursor:
        for statement in BEGIN:
            cursor.execute(statement)
        if snapshot:
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [snapshot])


def _snapshot() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])
