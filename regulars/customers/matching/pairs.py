"""Candidate pairs of a table of records, and how near they are: one pass of DuckDB over the pairs."""

from collections.abc import Iterable
from math import log2
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.customers.matching.blocking import KINDS, block_max, sound_sql
from regulars.customers.matching.comparisons import COMPARISONS, Compared
from regulars.customers.matching.conditions import alike_sql
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
    """Make the table `candidates` of (l, r), l < r, that share a block key; gives their number.

    Keys are hashed by DuckDB and brought together by sorting numbers, which takes an eighth of the
    time that grouping records into lists takes there.
    """
    row = connection.execute(f"SELECT coalesce(max(record) + 1, 0) FROM {RECORDS}").fetchone()
    records = int(row[0]) if row else 0
    codes: dict[str, list[str]] = {}
    for code, parts in KINDS:
        if {part.field for part in parts} <= told:
            codes.setdefault(code, []).append(" || '|' || ".join(part.sql() for part in parts))
    add_sounds(connection)
    blocks = []
    for code, keys in codes.items():
        one = " UNION ".join(
            f"SELECT hash(text) AS key, record FROM (SELECT {key} AS text, record FROM keyed)"
            " WHERE text IS NOT NULL"
            for key in keys
        )
        rows = connection.execute(one).fetchnumpy()
        keyed = np.asarray(rows["key"], np.uint64), np.asarray(rows["record"], np.int64)
        blocks.append(pairs_in_blocks(*keyed, records=records, most=block_max(code)))
    found = np.unique(np.concatenate(blocks)) if blocks else np.empty(0, dtype=np.int64)
    left, right = np.divmod(found, max(records, 1))
    connection.register("found", {"l": left.astype(np.int32), "r": right.astype(np.int32)})
    connection.execute("CREATE OR REPLACE TEMP TABLE candidates AS SELECT l, r FROM found")
    connection.unregister("found")
    connection.execute("DROP TABLE keyed")
    return len(found)


def add_sounds(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `keyed` of the records with `sound_<field>`, which block keys need."""
    fields = sorted({part.field for _, parts in KINDS for part in parts if part.sound})
    for field in fields:
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE sounds_{field} AS SELECT {field}, {sound_sql(field)} AS sound
            FROM (SELECT DISTINCT {field} FROM {RECORDS} WHERE {field} IS NOT NULL)
        """)
    sounds = ", ".join(f"sounds_{field}.sound AS sound_{field}" for field in fields)
    joins = " ".join(f"LEFT JOIN sounds_{field} USING ({field})" for field in fields)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE keyed AS SELECT {RECORDS}.*, {sounds} FROM {RECORDS} {joins}"
    )


def pairs_in_blocks(
    keys: NDArray[np.uint64], members: NDArray[np.int64], *, records: int, most: int
) -> NDArray[np.int64]:
    """All pairs of members of one key, where at most `most` have it; a pair is smaller * records + larger.

    >>> pairs_in_blocks(np.array([7, 9, 7, 7]), np.array([3, 2, 1, 0]), records=10, most=3)
    array([ 1,  3, 13])
    """
    order = np.argsort(keys)
    keys, members = keys[order], members[order]
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else order
    sizes = np.diff(np.append(first, len(keys)))
    # What is left of its block after each member, for blocks that are not too large.
    left = np.repeat(np.where(sizes <= most, first + sizes, 0), sizes) - np.arange(len(keys)) - 1
    found = []
    for step in range(1, min(most, int(sizes.max(initial=1)))):
        places = np.flatnonzero(left >= step)
        one, other = members[places], members[places + step]
        found.append(np.minimum(one, other) * records + np.maximum(one, other))
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


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
    alike = "".join(
        f", {alike_sql(field)} AS alike_{field}"
        for field in sorted({field for one in compared for field in one.alike()})
    )
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
                SELECT *{alike} FROM (
                    SELECT c.l, c.r, {sides}, {rare or "0 AS rare_none"}
                    FROM {candidates} c
                    JOIN {RARITIES} l ON l.record = c.l
                    JOIN {RARITIES} r ON r.record = c.r
                )
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
