"""The bare limit of posting: rows that the product wrote, written again by plain SQL."""

from collections import Counter
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from regulars.core.sql import int_array, text_array

SHIFT = 1_000_000_000
"""Added to ids, so that rows written again stand beside the first ones."""

TABLES: dict[str, dict[str, str]] = {
    "customers_purchase": {
        "id": "id + {shift}",
        "source": "'bare'",
        "number": "number",
        "customer_id": "customer_id",
        "store_id": "store_id",
        "bought_at": "bought_at",
        "total_minor": "total_minor",
        "discount_minor": "discount_minor",
        "fingerprint": "fingerprint",
        "recorded_at": "recorded_at",
    },
    "customers_line": {
        "id": "id + {shift}",
        "purchase_id": "purchase_id + {shift}",
        "position": "position",
        "product_id": "product_id",
        "quantity_milli": "quantity_milli",
        "total_minor": "total_minor",
        "discount_minor": "discount_minor",
    },
    "loyalty_accrual": {
        "id": "id + {shift}",
        "program_id": "program_id",
        "purchase_id": "purchase_id + {shift}",
        "member_id": "member_id",
        "at": "at",
        "posted_at": "posted_at",
        "active_from": "active_from",
        "receipt": "receipt",
    },
    "loyalty_transfer": {
        "id": "id + {shift}",
        "key": "'bare:' || key",
        "source_id": "source_id",
        "target_id": "target_id",
        "amount": "amount",
        "accrual_id": "accrual_id + {shift}",
        "rule_id": "rule_id",
        "at": "at",
        "recorded_at": "recorded_at",
    },
    "loyalty_lot": {
        "id": "id + {shift}",
        "account_id": "account_id",
        "granted": "granted",
        "remaining": "remaining",
        "activates_at": "activates_at",
        "expires_at": "expires_at",
    },
    "loyalty_tierchange": {
        "id": "id + {shift}",
        "member_id": "member_id",
        "cause": "'bare:' || cause",
        "before_id": "before_id",
        "after_id": "after_id",
        "qualifying": "qualifying",
        "changed_at": "changed_at",
    },
    "customers_timelineentry": {
        "id": "id + {shift}",
        "customer_id": "customer_id",
        "at": "at",
        "kind": "kind",
        "cause": "'bare:' || cause",
        "body": "body",
        "sample": "sample",
    },
    "core_event": {"id": "id + {shift}", "name": "name", "body": "body"},
    "core_delivery": {
        "id": "id + {shift}",
        "event_id": "event_id + {shift}",
        "handler": "handler",
        "failure": "failure",
    },
}
"""What is read of each table that posting writes, and how it is told from the first rows."""

COPIED = "customers_line"
"""Lines meet no conflict, so both ways of writing copy them, the quickest way in."""


@dataclass(frozen=True)
class BareBatch:
    """The statements of one batch with their parameters, ready to be sent."""

    inserts: tuple[tuple[str, list[str]], ...]
    lines: str
    updates: tuple[tuple[str, list[str]], ...]


def read_back(marks: dict[str, int]) -> BareBatch:
    """What a batch wrote since the marks, as statements that write it again."""
    inserts, lines = [], ""
    with connection.cursor() as cursor:
        for table, columns in TABLES.items():
            rows = _rows(cursor, table, columns, above=marks[table])
            if table == COPIED:
                lines = "".join(
                    "\t".join("\\N" if v is None else v for v in row) + "\n" for row in rows
                )
            elif rows:
                inserts.append(
                    (_insert(cursor, table), [text_array(c) for c in zip(*rows, strict=True)])
                )
        updates = _updates(cursor, marks["loyalty_accrual"], marks["loyalty_transfer"])
    return BareBatch(tuple(inserts), lines, updates)


def write_bare(cursor: CursorWrapper, batch: BareBatch) -> None:
    """Send the statements of one batch."""
    for statement, columns in batch.inserts[:1]:
        cursor.execute(statement, columns)
    with cursor.copy(f"COPY {COPIED} ({', '.join(TABLES[COPIED])}) FROM STDIN") as copy:
        copy.write(batch.lines)
    for statement, columns in (*batch.inserts[1:], *batch.updates):
        cursor.execute(statement, columns)


def _rows(
    cursor: CursorWrapper, table: str, columns: dict[str, str], *, above: int
) -> list[tuple[str | None, ...]]:
    wanted = ", ".join(f"({column})::text" for column in columns.values()).format(shift=SHIFT)
    cursor.execute(
        f"SELECT {wanted} FROM {table} WHERE id > %s AND id < {SHIFT} ORDER BY id", [above]
    )
    return list(cursor.fetchall())


def _insert(cursor: CursorWrapper, table: str) -> str:
    columns = TABLES[table]
    cursor.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0",
        [table],
    )
    types = dict(cursor.fetchall())
    arrays = ", ".join(f"%s::{types[column]}[]" for column in columns)
    named = ", ".join(columns)
    needed = _needed(cursor, table, named)
    extra = "".join(f", {column}" for column in needed)
    blank = "".join(f", {value}" for value in needed.values())
    return (
        f"INSERT INTO {table} ({named}{extra}) SELECT {named}{blank}"
        f" FROM unnest({arrays}) AS given ({named})"
    )


def _needed(cursor: CursorWrapper, table: str, named: str) -> dict[str, str]:
    """Columns that may not be empty and that are not listed above; a blank text fills them."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'",
        [table],
    )
    listed = set(named.split(", "))
    return {row[0]: "''" for row in cursor.fetchall() if row[0] not in listed}


def _updates(
    cursor: CursorWrapper, accrual_mark: int, transfer_mark: int
) -> tuple[tuple[str, list[str]], ...]:
    cursor.execute(
        "SELECT target_id, sum(amount)::bigint FROM loyalty_transfer"
        f" WHERE id > %s AND id < {SHIFT} GROUP BY 1 ORDER BY 1",
        [transfer_mark],
    )
    sums = cursor.fetchall()
    cursor.execute(
        f"SELECT member_id FROM loyalty_accrual WHERE id > %s AND id < {SHIFT}", [accrual_mark]
    )
    visits = Counter(row[0] for row in cursor.fetchall())
    update = "UPDATE {} SET {} = {} + given.more FROM unnest(%s::bigint[], %s::bigint[])"
    end = " AS given (id, more) WHERE {}.id = given.id"
    accounts = update.format("loyalty_account", "balance", "balance")
    members = update.format("loyalty_member", "visits", "visits")
    return (
        (
            accounts + end.format("loyalty_account"),
            [int_array([row[0] for row in sums]), int_array([row[1] for row in sums])],
        ),
        (
            members + end.format("loyalty_member"),
            [int_array(visits), int_array(visits.values())],
        ),
    )
