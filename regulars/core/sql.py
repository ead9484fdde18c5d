"""Array literals for `unnest`, so that one statement writes a whole batch; and cursors that plan once.

The adapter's own list dumping costs about a microsecond an element; joining text is several times
quicker, which matters where a purchase has a budget of some tens of microseconds.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.utils import CursorWrapper

PLANNED_ONCE_MAX = 200
"""Rows of a batch up to which planning costs more than a plan made for these very rows can save."""

PLANS_LIVE_S = 5.0
"""For how long a connection keeps its plans: one made for an empty table reads all of a full one."""

_planned: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()


def cursor_for(rows: int) -> CursorWrapper:
    """A cursor for statements about so many rows.

    For few rows PostgreSQL keeps the plan of each statement for some seconds, for planning takes
    longer than reading what a few rows touch. For many it plans each time, knowing how many they are.
    """
    here = connections[DEFAULT_DB_ALIAS]
    if rows > PLANNED_ONCE_MAX or here.queries_logged:
        # A log of queries can read the statements of the connection's own cursors only.
        return here.cursor()
    here.ensure_connection()
    cursor: Any = psycopg.Cursor(here.connection)
    _let_plans_grow_old(cursor)
    return here.make_cursor(cursor)


@contextmanager
def unawaited() -> Iterator[None]:
    """Statements of the block are sent without waiting for what comes of each.

    So PostgreSQL writes one while Python makes ready the next. Reading rows waits for all that was
    sent before. A statement that fails is heard of by a later one, or at the end of the block at the
    latest; like any failure, it has ended the transaction.
    """
    here = connections[DEFAULT_DB_ALIAS]
    here.ensure_connection()
    with here.wrap_database_errors, here.connection.pipeline():
        yield


def check_references() -> None:
    """PostgreSQL checks the references of all rows written so far, instead of when they are committed.

    Inside `unawaited`, before a stretch of plain Python, it costs no time.
    """
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _let_plans_grow_old(cursor: psycopg.Cursor[Any]) -> None:
    now_s = time.monotonic()
    if now_s > _planned.get(cursor.connection, 0) + PLANS_LIVE_S:
        _planned[cursor.connection] = now_s
        cursor.execute("DISCARD PLANS", prepare=False)


def int_array(values: Iterable[int | None]) -> str:
    """A PostgreSQL array literal of whole numbers; None becomes NULL.

    >>> int_array([1, None, 3])
    '{1,NULL,3}'
    """
    numbers = list(values)
    if None in numbers:
        return "{" + ",".join(["NULL" if one is None else str(one) for one in numbers]) + "}"
    return "{" + ",".join(map(str, numbers)) + "}"


def text_array(values: Iterable[str | None]) -> str:
    r"""A PostgreSQL array literal of texts, quoted; None becomes NULL.

    >>> text_array(["a", 'say "b"', None])
    '{"a","say \\"b\\"",NULL}'
    """
    texts = list(values)
    if plain := _all_plain(texts):
        return plain
    return "{" + ",".join(["NULL" if one is None else _quoted(one) for one in texts]) + "}"


def _all_plain(texts: Sequence[str | None]) -> str:
    """The literal of texts that need nothing but quotation marks around each; "" for others."""
    if not texts or None in texts:
        return ""
    joined = '","'.join(texts)  # type: ignore[arg-type]
    if "\\" in joined or joined.count('"') > 2 * (len(texts) - 1):
        return ""
    return '{"' + joined + '"}'


def time_array(values: Iterable[datetime | None]) -> str:
    """A PostgreSQL array literal of moments with their offset; None becomes NULL."""
    return (
        "{"
        + ",".join(["NULL" if value is None else f'"{value.isoformat()}"' for value in values])
        + "}"
    )


def json_array(values: Iterable[object]) -> str:
    """A PostgreSQL array literal of JSON documents, for a cast to `jsonb[]`."""
    return text_array(json.dumps(value, ensure_ascii=False) for value in values)


def _quoted(value: str) -> str:
    if "\\" in value or '"' in value:
        value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
