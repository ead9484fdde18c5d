"""A database as migrations left it, after each test that commits.

Django truncates every table and has permissions made again; with hundreds of tables that is seconds
for each test, and the rows that migrations made are gone. Here the tables with rows are emptied and
filled with those of the beginning, which are remembered as text.
"""

from functools import cache

from django.db import connection, transaction
from django.test import TransactionTestCase

Rows = dict[str, bytes]
"""What stood in the tables that had rows, as COPY writes it."""


def instead_of_flush() -> None:
    """Has tests that commit put back what was there, in place of Django's flush."""
    TransactionTestCase._fixture_teardown = put_back  # type: ignore[method-assign]


def remember() -> None:
    """Keeps the rows that are there now; the first call counts."""
    _first_rows()


def put_back(_case: TransactionTestCase) -> None:
    """The tables as they were remembered; triggers, which guard some against deletes, are silent."""
    rows = _first_rows()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in _filled():
            cursor.execute(f"DELETE FROM {table}")
        for table, kept in rows.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(kept)


@cache
def _first_rows() -> Rows:
    rows = {}
    with connection.cursor() as cursor:
        for table in _filled():
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                rows[table] = b"".join(map(bytes, copy))
    return rows


def _filled() -> list[str]:
    """The tables that have rows."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]


@cache
def _tables() -> list[str]:
    return [connection.ops.quote_name(one) for one in connection.introspection.django_table_names()]
