"""Files of the lake: rows come by COPY, are written as Parquet, and get their names when durable."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection

from regulars.environment import data_folder
from regulars.insight.lake.fact import Fact

NULL = "\\N"


@dataclass(frozen=True)
class Part:
    """A Parquet file that was written; `path` is below the lake's folder."""

    month: str
    path: str
    first_id: int
    last_id: int
    rows: int
    mix: int
    digest: str = ""
    is_settled: bool = True


def lake_folder() -> Path:
    """Where the lake lies."""
    return data_folder() / "lake"


@dataclass(frozen=True)
class Rows:
    """Rows of a fact that were read from PostgreSQL, ready to be written."""

    fact: Fact
    engine: duckdb.DuckDBPyConnection
    folder: Path
    digest: str

    def write(self, *, version: int, settled_id: int | None = None) -> list[Part]:
        """One durable file for each month, and for what is settled and what is not."""
        settled = "true" if settled_id is None else f"id <= {settled_id}"
        month = f"strftime({self.fact.day}, '%Y-%m')" if self.fact.day else "''"
        groups = self.engine.execute(
            f"SELECT {month}, {settled}, min(id), max(id), count(*), bit_xor(id)"
            " FROM rows GROUP BY 1, 2 ORDER BY 1, 2 DESC"
        ).fetchall()
        parts = []
        for of_month, is_settled, first, last, count, mix in groups:
            path = _path_of(self.fact, of_month, first=first, last=last, version=version)
            part = Part(of_month, path, first, last, count, mix, self.digest, is_settled)
            self._write_part(part, f"{month} = '{of_month}' AND ({settled}) = {is_settled}")
            parts.append(part)
        return parts

    def _write_part(self, part: Part, condition: str) -> None:
        made = self.folder / "part.parquet"
        self.engine.execute(
            f"COPY (SELECT * FROM rows WHERE {condition} ORDER BY id) TO '{made}'"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        _publish(made, lake_folder() / part.path)


@contextmanager
def rows_of(fact: Fact, *, where: str = "true", **parameters: Any) -> Iterator[Rows]:
    """Rows of a fact under a condition over its columns, read in one statement."""
    with _workshop() as folder, duckdb.connect() as engine:
        digest = _copy(fact, folder / "rows.csv", where=where, parameters=parameters)
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in fact.casts.items())
        engine.execute(
            f"CREATE TABLE rows AS SELECT * FROM read_csv('{folder / 'rows.csv'}', header = false,"
            f" columns = {{{columns}}}, nullstr = '{NULL}', quote = '\"', escape = '\"',"
            " delim = ',', auto_detect = false, max_line_size = 16777216)"
        )
        yield Rows(fact, engine, folder, digest)


@contextmanager
def rows_of_files(fact: Fact, paths: Sequence[str]) -> Iterator[Rows]:
    """The rows that stand in these files of the lake."""
    names = ", ".join(f"'{lake_folder() / path}'" for path in paths)
    with _workshop() as folder, duckdb.connect() as engine:
        engine.execute(
            f"CREATE VIEW rows AS SELECT * FROM read_parquet([{names}], hive_partitioning = false)"
        )
        yield Rows(fact, engine, folder, "")


def remove_files(paths: Sequence[str]) -> None:
    """Takes files out of the lake's folder; those that are gone already are no matter."""
    for path in paths:
        (lake_folder() / path).unlink(missing_ok=True)


def sweep(fact: Fact, known: set[str]) -> None:
    """Removes files that no list names: a run died after it wrote them."""
    folder = lake_folder()
    found = (str(path.relative_to(folder)) for path in (folder / fact.name).rglob("*.parquet"))
    remove_files([path for path in found if path not in known])


def _path_of(fact: Fact, month: str, *, first: int, last: int, version: int) -> str:
    place = f"{fact.name}/month={month}" if month else fact.name
    return f"{place}/{first:012d}-{last:012d}.v{version}.parquet"


@contextmanager
def _workshop() -> Iterator[Path]:
    """A folder on the lake's own disk, so that a finished file can be renamed into its place."""
    place = lake_folder() / ".writing"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


def _copy(fact: Fact, target: Path, *, where: str, parameters: dict[str, Any]) -> str:
    query = f"COPY (SELECT * FROM ({fact.rows}) fact WHERE {where}) TO STDOUT (FORMAT csv, NULL '{NULL}')"
    digest = hashlib.sha256()
    with (
        connection.cursor() as cursor,
        target.open("wb") as file,
        cursor.cursor.copy(query, parameters) as rows,
    ):
        for block in rows:
            file.write(block)
            if fact.is_snapshot:
                digest.update(block)
    return digest.hexdigest() if fact.is_snapshot else ""


def _publish(made: Path, target: Path) -> None:
    """Gives a file its name once its content is on the disk, and the name too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(made)
    made.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
