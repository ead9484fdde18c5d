"""Candidate pairs of a table of records, and how near they are: one pass of DuckDB over the pairs."""

from collections.abc import Iterable
from math import log2
from typing import Any

import duckdb

from regulars.customers.matching.blocking import KINDS, block_max
from regulars.customers.matching.comparisons import COMPARISONS, Compared
from regulars.customers.matching.model import Model
from regulars.customers.matching.tables import RECORDS, put_table
from regulars.customers.matching.traits import TRAITS

RARITIES, PAIRS = "rarities", "pairs"
_BITS = 3


def told_fields(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The fields that at least one record tells."""
    counted = ", ".join(f"count({field})" for field in TRAITS)
    counts = connection.execute(f"SELECT {counted} FROM {RECORDS}").fetchone()
    return {field for field, count in zip(TRAITS, counts or (), strict=True) if count}


def comparisons_of(told: set[str]) -> tuple[Compared, ...]:
    """The comparisons that can say something about these fields."""
    return tuple(compared for compared in COMPARISONS if told & set(compared.fields))


def find_candidates(connection: duckdb.DuckDBPyConnection, told: set[str]) -> int:
    """Make the table `candidates` of (l, r), l < r, that share a block key; gives their number."""
    codes: dict[str, list[str]] = {}
    for code, parts in KINDS:
        if {part.field for part in parts} <= told:
            codes.setdefault(code, []).append(" || '|' || ".join(part.sql() for part in parts))
    blocks = []
    for code, keys in codes.items():
        one = " UNION ".join(
            f"SELECT hash({key}) AS key, record FROM {RECORDS} WHERE ({key}) IS NOT NULL"
            for key in keys
        )
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE block_{code} AS
            SELECT list(record) AS members FROM ({one})
            GROUP BY key HAVING count(*) BETWEEN 2 AND {block_max(code)}
        """)
        blocks.append(f"SELECT members FROM block_{code}")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE candidates AS
        SELECT DISTINCT least(a, b) AS l, greatest(a, b) AS r FROM (
            SELECT a, unnest(members[place + 1:]) AS b FROM (
                SELECT members, unnest(members) AS a, generate_subscripts(members, 1) AS place
                FROM ({" UNION ALL ".join(blocks)})
            )
        )
    """)
    for code in codes:
        connection.execute(f"DROP TABLE block_{code}")
    row = connection.execute("SELECT count(*) FROM candidates").fetchone()
    return int(row[0]) if row else 0


def measure_pairs(
    connection: duckdb.DuckDBPyConnection,
    candidates: str,
    compared: tuple[Compared, ...],
    into: str,
) -> None:
    """Make the table `into` of (l, r, pattern, rarity, shared_rarity) for a table of (l, r).

    Rarities are the bits of evidence of rare values, from the columns `rare_<field>` of
    `RARITIES`, summed over all comparisons and over those that a household shares.
    """
    names = [f"level_{place}" for place in range(len(compared))]
    levels = ", ".join(f"{one.sql()} AS {name}" for one, name in zip(compared, names, strict=True))
    fields = sorted({field for one in compared for field in one.needed()})
    sides = ", ".join(f"{side}.{field} AS {field}_{side}" for field in fields for side in "lr")
    rare = ", ".join(f"l.rare_{field}" for field in rare_fields(compared))
    pattern = " + ".join(
        f"((({name}) + 1)::BIGINT << {_BITS * place})" for place, name in enumerate(names)
    )
    shared = [(one, name) for one, name in zip(compared, names, strict=True) if one.shared]
    connection.execute(f"""
        CREATE OR REPLACE TABLE {into} AS
        SELECT l, r, {pattern} AS pattern,
            {_rarity(zip(compared, names, strict=True))} AS rarity,
            {_rarity(shared)} AS shared_rarity
        FROM (
            SELECT l, r, {levels}, columns('rare_.*') FROM (
                SELECT c.l, c.r, {sides}, {rare or "0 AS rare_none"}
                FROM {candidates} c
                JOIN {RARITIES} l ON l.record = c.l
                JOIN {RARITIES} r ON r.record = c.r
            )
        )
    """)


def rare_fields(compared: Iterable[Compared]) -> list[str]:
    """The fields whose rare values weigh more in these comparisons."""
    return sorted({level.rare for one in compared for level in one.levels if level.rare})


def _rarity(levels: Iterable[tuple[Compared, str]]) -> str:
    terms = [
        f"CASE {name} " + " ".join(f"WHEN {place} THEN rare_{level.rare}" for place, level in found)
        + " ELSE 0 END"
        for one, name in levels
        if (found := [(place, level) for place, level in enumerate(one.levels) if level.rare])
    ]  # fmt: skip
    return " + ".join(terms) or "0.0"


def add_rarities(
    connection: duckdb.DuckDBPyConnection, model: Model, fields: Iterable[str]
) -> None:
    """Make the table `RARITIES`: the records with the bits of evidence of each rare value."""
    columns, joins = [], []
    for field in fields:
        known = model.frequencies.get(field, {})
        bits = [-log2(share) for share in known.values()]
        table: dict[str, list[Any]] = {"value": list(known), "bits": bits}
        put_table(connection, f"bits_{field}", table, bits="DOUBLE")
        joins.append(f"LEFT JOIN bits_{field} ON bits_{field}.value = {RECORDS}.{field}")
        otherwise = -log2(model.rare_share(field))
        columns.append(f"coalesce(bits_{field}.bits, {otherwise!r}) AS rare_{field}")
    listed = ", ".join([f"{RECORDS}.*", *columns])
    connection.execute(
        f"CREATE OR REPLACE TABLE {RARITIES} AS SELECT {listed} FROM {RECORDS} {' '.join(joins)}"
    )
