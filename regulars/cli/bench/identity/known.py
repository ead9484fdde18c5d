"""A database that knows a retailer's records already, each compared, with the people they are.

Rows come in by COPY: a million records by the product's own way would take hours. Traits are those
of the batch's normaliser, block keys are hashed by the product, and who is one person is taken from
the truth, as if everything had been resolved.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from django.db import connection

from regulars.cli.bench.identity.people import Row, retail
from regulars.cli.bench.identity.sets import TRUTH, write_set
from regulars.cli.console import speech
from regulars.customers.matching import default_model, key_hash
from regulars.customers.matching.blocking import KINDS
from regulars.customers.matching.files import load_raw, open_file, planned
from regulars.customers.matching.pairs import add_sounds
from regulars.customers.matching.tables import RECORDS, normalise_table
from regulars.customers.matching.traits import TRAITS
from regulars.customers.models import SourceRecord

SOURCE = "shop"
AT = "2026-01-05 12:00:00+00"
STEP = 101
"""Every so many records one is held out: spread evenly, so that most are of people who are known."""

_BLOCK_BYTES = 1 << 20
_KEYS_AT_ONCE = 50_000

_FACTS = (
    "first_name",
    "surname",
    "birthday",
    "gender",
    "phone",
    "email",
    "street",
    "postcode",
    "city",
)
_KEPT = f'" record" % {STEP} <> {STEP - 1}'
_PREPARE = f"""
    CREATE TABLE kept AS
    SELECT " record" AS record, " record" + 1 AS customer, {TRUTH}, {", ".join(_FACTS)},
        min(" record") OVER (PARTITION BY {TRUTH}) + 1 AS lead
    FROM source WHERE {_KEPT};
    CREATE TABLE named AS
    SELECT 'id@{SOURCE}' AS kind, 'r' || record AS value, customer, {TRUTH} FROM kept
    UNION ALL
    SELECT 'email', {RECORDS}.email, customer, {TRUTH} FROM kept JOIN {RECORDS} USING (record)
        WHERE {RECORDS}.email IS NOT NULL
    UNION ALL
    SELECT 'phone', {RECORDS}.phone, customer, {TRUTH} FROM kept JOIN {RECORDS} USING (record)
        WHERE {RECORDS}.phone IS NOT NULL;
    CREATE TABLE identity AS
    SELECT row_number() OVER () AS id, * FROM (
        SELECT kind, value, min(customer) AS customer, CASE
            WHEN count(*) = 1 OR kind = 'email' AND count(DISTINCT {TRUTH}) = 1 THEN ''
            WHEN kind = 'phone' THEN 'limit' ELSE 'contradiction' END AS shared
        FROM named GROUP BY kind, value)
"""
_TABLES: tuple[tuple[str, str, str], ...] = (
    (
        (
            "customers_customer (id, name, name_ru, email, phone, gender, address, occupation, interests,"
            " traits, language, known_since, merged_into_id)"
        ),
        f"""SELECT customer, concat_ws(' ', first_name, surname), '', coalesce(email, ''),
            coalesce(phone, ''), coalesce(gender, ''), '', '', '[]', '{{}}', '', '{AT}',
            nullif(lead, customer) FROM kept""",
        "name, name_ru, email, phone, gender, address, occupation, language",
    ),
    (
        (
            "customers_sourcerecord (source, outside_id, customer_id, body, fingerprint, received_at,"
            " said_at)"
        ),
        f"""SELECT '{SOURCE}', 'r' || record, customer, body, sha256(body), '{AT}', '{AT}' FROM (
            SELECT record, customer, json_merge_patch('{{}}',
                to_json(struct_pack({", ".join(_FACTS)})))::VARCHAR AS body
            FROM (SELECT * REPLACE (try_cast(birthday AS DATE)::VARCHAR AS birthday) FROM kept))""",
        "",
    ),
    (
        "customers_identity (id, kind, value, customer_id, shared)",
        "SELECT id, kind, value, customer, shared FROM identity",
        "shared",
    ),
    (
        "customers_claim (identity_id, customer_id, source, said_at)",
        f"""SELECT identity.id, named.customer, '{SOURCE}', '{AT}'
        FROM named JOIN identity USING (kind, value)""",
        "",
    ),
    (
        "customers_comparable (customer_id, traits, due)",
        f"""SELECT customer, json_merge_patch('{{}}',
            to_json(struct_pack({", ".join(f"{RECORDS}.{name}" for name in TRAITS)}))), false
        FROM kept JOIN {RECORDS} USING (record)""",
        "",
    ),
    (
        "customers_evidence (left_id, right_id, kind, probability, weight, steps, model, source, at)",
        f"""SELECT one.customer, other.customer, 'probable', 1.0, 30.0, '[]',
            '{default_model().version}', '', '{AT}'
        FROM kept one JOIN kept other
            ON one.{TRUTH} = other.{TRUTH} AND one.customer < other.customer""",
        "source",
    ),
    (
        "customers_merging (kind, customer_id, lead_id, reason, at)",
        f"SELECT 'merge', customer, lead, 'probable', '{AT}' FROM kept WHERE lead <> customer",
        "",
    ),
)


def file_of_people(folder: Path, *, records: int) -> Path:
    """The file of so many records and those held out; made where it is not there."""
    file = folder / f"people-{records}.csv"
    if not file.exists():
        part = file.with_suffix(".part")
        write_set(retail(records * STEP // (STEP - 1)), part)
        part.rename(file)
    return file


def known_records() -> int:
    """How many records the database knows."""
    return SourceRecord.objects.filter(source=SOURCE).count()


def load_known(file: Path) -> None:
    """Fill the tables of customers with the records of the file that are not held out.

    What is there of an earlier attempt goes. A kill leaves an empty database, not a half one.
    """
    with duckdb.connect() as batch:
        batch.execute("SET threads = 2")
        plan = planned(open_file(batch, file))
        load_raw(batch, plan)
        normalise_table(batch, set(plan.fields.values()))
        batch.execute(_PREPARE)
        speech.print("normalised")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE customers_customer CASCADE")
            # The rows fit by the way they are made; asking for each foreign key takes most of the time.
            cursor.execute("SET synchronous_commit = off; SET session_replication_role = replica")
            _fill_keys(batch, cursor)
            # The source records, by which a loaded database is known, come last.
            for target, select, texts in (*_TABLES[:1], *_TABLES[2:], _TABLES[1]):
                _fill(batch, cursor, target, select, texts)
            cursor.execute("SET session_replication_role = DEFAULT; SET synchronous_commit = on")
            cursor.execute("VACUUM ANALYZE")


def held_out(file: Path) -> list[Row]:
    """The records that `load_known` leaves out, without who they are."""
    names = ["id", *_FACTS]
    with duckdb.connect() as batch:
        open_file(batch, file)
        asked = batch.execute(
            f'SELECT " record" AS record, {", ".join(_FACTS)} FROM source'
            f" WHERE NOT ({_KEPT}) ORDER BY 1"
        )
        return [dict(zip(names, row, strict=True)) for row in asked.fetchall()]


def _fill(
    batch: duckdb.DuckDBPyConnection, cursor: Any, target: str, select: str, texts: str
) -> None:
    table = target.partition(" ")[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        batch.execute(f"COPY ({select}) TO '{path}' (FORMAT csv, HEADER false)")
        forced = f", FORCE_NOT_NULL ({texts})" if texts else ""
        with cursor.copy(f"COPY {target} FROM STDIN (FORMAT csv{forced})") as copy:
            for block in _blocks(path):
                copy.write(block)
    cursor.execute(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        if target.partition("(")[2].startswith("id,")
        else "SELECT"
    )
    speech.print(table)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


_KEY_INDEXES = {
    "ALTER TABLE customers_blockkey DROP CONSTRAINT IF EXISTS customers_blockkey_pkey": (
        "ALTER TABLE customers_blockkey ADD CONSTRAINT customers_blockkey_pkey"
        " PRIMARY KEY (customer_id, key)"
    ),
    "DROP INDEX IF EXISTS block_key_by_key": (
        "CREATE INDEX block_key_by_key ON customers_blockkey (key, customer_id)"
    ),
}


def _fill_keys(batch: duckdb.DuckDBPyConnection, cursor: Any) -> None:
    """The block keys by binary COPY, with their indexes made afterwards."""
    for drop in _KEY_INDEXES:
        cursor.execute(drop)
    add_sounds(batch)
    row = np.dtype([("n", ">i2"), ("a", ">i4"), ("id", ">i8"), ("b", ">i4"), ("key", ">i8")])
    with cursor.copy(
        "COPY customers_blockkey (customer_id, key) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
        for ids, keys in _keys(batch):
            block = np.empty(len(ids), row)
            block["n"], block["a"], block["b"] = 2, 8, 8
            block["id"], block["key"] = ids, keys
            copy.write(block.tobytes())
        copy.write(b"\xff\xff")
    for make in _KEY_INDEXES.values():
        cursor.execute(make)
    speech.print("customers_blockkey")


def _keys(batch: duckdb.DuckDBPyConnection) -> Iterator[tuple[list[int], list[int]]]:
    codes: dict[str, list[str]] = {}
    for code, parts in KINDS:
        codes.setdefault(code, []).append(" || '|' || ".join(part.sql() for part in parts))
    for code, texts in codes.items():
        one = " UNION ".join(
            f"SELECT customer, '{code}:' || {text} AS text FROM keyed"
            f" JOIN (SELECT record, customer FROM kept) USING (record) WHERE {text} IS NOT NULL"
            for text in texts
        )
        asked = batch.execute(one)
        while rows := asked.fetchmany(_KEYS_AT_ONCE):
            yield [id_ for id_, _ in rows], [key_hash(text) for _, text in rows]
