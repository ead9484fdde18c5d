"""What the installation holds of people: every domain says it in a file `personal.py` of its own.

A domain adds a `Holding` for each table with something personal in it, a `Place` for what lies
outside the database, and names the tables that hold nothing personal, with the reason. Exports,
erasures and their check walk over these lists, so whoever adds a table adds a line there; a test
fails until then.
"""

import importlib
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

from regulars.core.needles import Needles

ROWS_MAX = 200_000
"""An export shows at most so many rows of one table."""


@dataclass(frozen=True)
class Person:
    """Whom it is about: the ids of all their customer records, and what they are recognised by.

    `values` are identifiers in their stored spelling, `needles` those fit to be looked for in texts.
    """

    customer_ids: tuple[int, ...]
    values: tuple[str, ...] = ()
    needles: Needles = field(default_factory=Needles)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the statements of holdings may use: `ids` and `values`."""
        return {"ids": list(self.customer_ids), "values": list(self.values)}


@dataclass(frozen=True)
class Holding:
    """What one table holds of people, how it is shown to them, and what erasing does to it.

    `whose` is a condition for the rows of a person, with `%(ids)s` (customer records) and
    `%(values)s` (identifiers). `shows` is a SELECT of what an export tells of them. `clears` gives
    columns with the SQL of what they become; without it rows stay (`{}`) or go (`None`).
    `mentions` are columns in which anybody's row may name the person: the names are taken out.
    `names` is a SELECT of further identifiers of the person.
    """

    table: str
    label: Any
    whose: str = "customer_id = ANY(%(ids)s)"
    shows: str = ""
    clears: Mapping[str, str] | None = field(default_factory=dict)
    mentions: tuple[str, ...] = ()
    names: str = ""


@dataclass(frozen=True)
class Place:
    """Something outside the database that may hold personal data: files of the lake, uploads, logs.

    `prepare` runs with the erasure's transaction, while the database still knows the person;
    `erase` after it, and says how many pieces it changed; `search` gives the pieces that still
    name the person.
    """

    name: str
    label: Any
    erase: Callable[[Person], int]
    search: Callable[[Person], list[str]]
    prepare: Callable[[Person], None] = lambda person: None


_holdings: dict[str, Holding] = {}
_places: dict[str, Place] = {}
_impersonal: dict[str, str] = {}
_staff: dict[str, str] = {}
_loaded: list[str] = []


def hold(*entries: Holding | Place) -> None:
    """Puts holdings and places on the list."""
    for entry in entries:
        if isinstance(entry, Place):
            _places[entry.name] = entry
        else:
            assert entry.table not in _holdings, f"{entry.table} is on the list twice"
            _holdings[entry.table] = entry


def impersonal(reason: str, *tables: str) -> None:
    """Says that these tables hold nothing of customers, and why."""
    _impersonal.update(dict.fromkeys(tables, reason))


def of_staff(reason: str, *tables: str) -> None:
    """Says that these tables are about people who work here; an erasure leaves them alone."""
    _staff.update(dict.fromkeys(tables, reason))


def holdings() -> list[Holding]:
    """All holdings, those of the highest domains first: what refers to others goes before them."""
    load()
    return list(_holdings.values())


def places() -> list[Place]:
    """Everything outside the database that may hold personal data."""
    load()
    return list(_places.values())


def impersonal_tables() -> dict[str, str]:
    """The tables without anything of customers, each with the reason."""
    load()
    return dict(_impersonal)


def staff_tables() -> dict[str, str]:
    """The tables about employees, each with the reason."""
    load()
    return dict(_staff)


def load() -> None:
    """Reads the `personal.py` of every domain, once."""
    if _loaded:
        return
    _loaded.append("")
    for domain in reversed(settings.DOMAINS):
        if importlib.util.find_spec(f"regulars.{domain}.personal"):
            importlib.import_module(f"regulars.{domain}.personal")


def named_in(holding: Holding, customer_ids: Iterable[int]) -> list[str]:
    """The identifiers of these customer records that a table knows."""
    if not holding.names:
        return []
    with connection.cursor() as cursor:
        cursor.execute(holding.names, {"ids": list(customer_ids)})
        return [str(row[0]) for row in cursor.fetchall() if row[0]]


def shown_rows(holding: Holding, person: Person) -> list[dict[str, Any]]:
    """What a table holds of a person, as plain rows."""
    if not holding.shows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(shown)::text FROM ({holding.shows}) shown LIMIT {ROWS_MAX}",
            person.parameters,
        )
        return [json.loads(row[0]) for row in cursor.fetchall()]


def erase_rows(holding: Holding, person: Person) -> int:
    """Takes a person out of a table; how many rows went or changed."""
    count = 0
    with connection.cursor() as cursor:
        if holding.clears is None:
            cursor.execute(f"DELETE FROM {holding.table} WHERE {holding.whose}", person.parameters)
            count = cursor.rowcount
        elif holding.clears:
            changes = ", ".join(f"{name} = {value}" for name, value in holding.clears.items())
            cursor.execute(
                f"UPDATE {holding.table} SET {changes} WHERE {holding.whose}", person.parameters
            )
            count = cursor.rowcount
        for column in holding.mentions:
            count += _take_out(cursor, holding.table, column, person.needles)
    return count


def _take_out(cursor: Any, table: str, column: str, needles: Needles) -> int:
    """Puts stars (a zero for numbers, which may stand bare in JSON) in the place of identifiers."""
    if not needles:
        return 0
    cursor.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attname = %s",
        [table, column],
    )
    kind = cursor.fetchone()[0]
    changed, parameters = f"{column}::text", []
    for pattern, stars in ((needles.text_pattern, "***"), (needles.number_pattern, "0")):
        if pattern:
            changed = f"regexp_replace({changed}, %s, %s, 'gi')"
            parameters += [pattern, stars]
    cursor.execute(
        f"UPDATE {table} SET {column} = ({changed})::{kind} WHERE {column}::text ~* %s",
        [*parameters, needles.pattern],
    )
    return int(cursor.rowcount)


def searched_columns() -> Iterator[tuple[str, list[str]]]:
    """Every table with its columns that can hold text, as SQL texts, except those about staff.

    Of bytes the readable ones are searched, so that sealed values are only noise.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT relation.oid::regclass::text, array_agg(format(CASE type.typname
                WHEN 'bytea' THEN 'encode(%I, ''escape'')' ELSE '%I::text' END, attname)
                ORDER BY attnum)
            FROM pg_attribute JOIN pg_class relation ON relation.oid = attrelid
            JOIN pg_type type ON type.oid = atttypid
            LEFT JOIN pg_type element ON element.oid = type.typelem AND type.typcategory = 'A'
            WHERE relation.relkind = 'r' AND relnamespace = current_schema()::regnamespace
                AND attnum > 0 AND NOT attisdropped
                AND coalesce(element.typname, type.typname)
                    IN ('text', 'varchar', 'bpchar', 'json', 'jsonb', 'bytea', 'inet', 'tsvector')
            GROUP BY 1 ORDER BY 1"""
        )
        found = cursor.fetchall()
    staff = staff_tables()
    yield from ((table, columns) for table, columns in found if table not in staff)
