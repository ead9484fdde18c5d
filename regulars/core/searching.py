"""Looking for a person in everything the installation keeps, and saying where something is left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from regulars.core.holdings import Person, places, searched_columns


@dataclass(frozen=True)
class Searched:
    """What was looked through, and what still names the person: place by place, with a count."""

    tables: int = 0
    columns: int = 0
    places: int = 0
    left: tuple[tuple[str, int], ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return not self.left


def search_everywhere(person: Person) -> Searched:
    """Looks for a person's identifiers in every text of the database, the lake, uploads and logs.

    Each table is read once, whole rows at a time. Sealed values are not opened.
    """
    tables = list(searched_columns())
    left = [*_left_in_tables(tables, person)] if person.needles else []
    found = [(place, place.search(person)) for place in places()] if person.needles else []
    left += [(place.name, len(pieces)) for place, pieces in found if pieces]
    columns = sum(len(names) for _, names in tables)
    return Searched(len(tables), columns, len(places()), tuple(left))


def _left_in_tables(
    tables: list[tuple[str, list[str]]], person: Person
) -> Iterator[tuple[str, int]]:
    for table, columns in tables:
        if count := _left_in(table, columns, person.needles.pattern):
            yield table, count


def _left_in(table: str, columns: list[str], pattern: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {table} searched WHERE concat_ws(' ', {', '.join(columns)}) ~* %s",
            [pattern],
        )
        return int(cursor.fetchone()[0])


SMALL_BYTES = 64 * 1024 * 1024


def vacuum(tables: Iterable[str]) -> None:
    """Frees what deleted rows took, so that their bytes are no longer in the tables' files.

    `VACUUM FULL` writes a small table anew; a large one is cleaned in place.
    """
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            is_small = cursor.fetchone()[0] < SMALL_BYTES
            cursor.execute(f"VACUUM {'(FULL)' if is_small else ''} {table}")


def checkpoint() -> bool:
    """Has changed pages written to their files; False where the database's user may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(current_user, 'pg_checkpoint', 'USAGE')")
        allowed: Any = cursor.fetchone()[0]
        if allowed:
            cursor.execute("CHECKPOINT")
        return bool(allowed)
