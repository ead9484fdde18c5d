"""The stage: a small DuckDB of its own that sorts and groups the rows of one file.

It lives in memory up to a limit and spills into the folder of the upload beyond it. Nothing of it
is kept: the same file with the same mapping gives the same units in the same order, so a run that
was cut off stages the file again and goes on where it stood.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import duckdb
import pyarrow as pa

from regulars.connectors.fields import Field, Habits
from regulars.connectors.kinds import COLUMNS_MAX, FileKind
from regulars.connectors.rules.mapping import distinct_headers
from regulars.connectors.staging.understanding import (
    Column,
    LineError,
    columns_of,
    errors_as_table,
    schema_for,
    understood,
)
from regulars.core.errors import Refused

MEMORY = "600MB"
ERRORS_KEPT = 10_000
OnRows = Callable[[int], None]


@dataclass(frozen=True)
class Shape:
    """What a target wants from staging: its fields, what groups rows, and what must be unique.

    `ordered_by` is the field whose values order the units; `places` orders the rows of a group.
    """

    fields: tuple[Field, ...]
    group_by: str = ""
    unique: str = ""
    ordered_by: str = ""
    places: str = ""


@dataclass(frozen=True)
class Counts:
    """What staging found: rows below the header, units ready to be written, and what is wrong."""

    rows: int = 0
    units: int = 0
    units_refused: int = 0
    errors: int = 0


class Unit(NamedTuple):
    """One thing to write: the line it begins on, and its values by field.

    Where rows are grouped, the fields of a row are lists, one value for each row of the group.
    """

    line: int
    values: dict[str, Any]


class Stage:
    """A staged file; a context, because its database is open meanwhile."""

    def __init__(self, folder: Path, shape: Shape, mapping: dict[str, str]) -> None:
        self._folder = folder / "spill"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._shape = shape
        self._mapped = {
            mapping[field.name]: field for field in shape.fields if field.name in mapping
        }
        self._fields = list(self._mapped.values())
        self._rows = 0
        self._refused_lines = 0
        self.counts = Counts()
        self._db = duckdb.connect(
            config={"memory_limit": MEMORY, "threads": 2, "temp_directory": str(self._folder)}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def load(
        self, reader: FileKind, path: Path, *, habits: Habits, on_rows: OnRows = lambda rows: None
    ) -> Counts:
        """Read the file, find every error, and put the units in their order."""
        headers = headers_of(reader, path)
        if missing := [name for name in self._mapped if name not in headers]:
            raise Refused("unknown_column", f"the file has no column {missing[0]}", "mapping")
        columns = columns_of(reader, path, headers=headers, mapped=self._mapped, habits=habits)
        self._db.execute(
            "CREATE TABLE errors (line BIGINT, field VARCHAR, value VARCHAR, reason VARCHAR)"
        )
        self._read(reader.batches(path, len(headers)), columns, on_rows=on_rows)
        if self._shape.group_by:
            self._group()
        else:
            self._number()
        self._count()
        return self.counts

    def _read(
        self, batches: Iterator[pa.RecordBatch], columns: Sequence[Column], *, on_rows: OnRows
    ) -> None:
        """The table `parsed`, streamed in; what the reader refuses goes through as it is."""
        failure: list[Refused] = []
        kept: list[LineError] = []

        def typed() -> Iterator[pa.RecordBatch]:
            try:
                for batch in batches:
                    ready, errors = understood(batch, columns)
                    self._refused_lines += len({error.line for error in errors})
                    kept.extend(errors[: ERRORS_KEPT - len(kept)])
                    self._rows += batch.num_rows
                    on_rows(self._rows)
                    yield ready
            except Refused as refused:
                failure.append(refused)

        arriving = pa.RecordBatchReader.from_batches(schema_for(columns), typed())
        self._db.register("arriving", arriving)
        self._db.execute("CREATE TABLE parsed AS SELECT * FROM arriving")
        self._db.unregister("arriving")
        if failure:
            raise failure[0]
        if kept:
            self._db.register("kept", errors_as_table(kept))
            self._db.execute("INSERT INTO errors SELECT * FROM kept")
            self._db.unregister("kept")

    def _group(self) -> None:
        """The tables `units` and `ready`: rows of a group together, groups in order of time.

        Rows of one group that contradict each other in what is said of the whole are errors, and
        a group with an error in any row is left out as a whole.
        """
        key = _quoted(self._shape.group_by)
        once = [one for one in self._fields if one.of_group and one.name != self._shape.group_by]
        said = _listed([f"{_one_of(one)} AS {_quoted(one.name)}" for one in once])
        self._db.execute(
            f"CREATE TABLE groups AS SELECT {key} AS key, bool_or(bad) AS bad, min(line) AS line,"
            f" count(*) AS rows{said} FROM parsed WHERE {key} IS NOT NULL GROUP BY {key}"
        )
        for field in once:
            if not field.is_number:
                self._find_contradictions(_quoted(field.name), key, name=field.name)
        by = f"{_quoted(self._shape.ordered_by)}, "
        self._db.execute(
            f"""CREATE TABLE units AS SELECT row_number() OVER (ORDER BY {by}line) - 1 AS seq,
            sum(rows) OVER (ORDER BY {by}line) - rows AS first_row, * EXCLUDE (bad)
            FROM groups WHERE NOT bad ORDER BY seq"""
        )
        rows = _listed([f"parsed.{_quoted(one.name)}" for one in self._fields if not one.of_group])
        places = [one.name for one in self._fields if one.name == self._shape.places]
        place = "".join(f"parsed.{_quoted(name)}, " for name in places)
        self._db.execute(
            f"""CREATE TABLE ready AS SELECT
            row_number() OVER (ORDER BY units.seq, {place}parsed.line) - 1 AS row{rows}
            FROM parsed JOIN units ON units.key = parsed.{key} ORDER BY 1"""
        )
        self._db.execute("DROP TABLE parsed")

    def _find_contradictions(self, field: str, key: str, *, name: str) -> None:
        differing = (
            f"FROM parsed JOIN groups ON groups.key = parsed.{key}"
            f" WHERE parsed.{field} <> groups.{field}"
        )
        found = self._db.execute(f"SELECT count(*) {differing}").fetchall()[0][0]
        if found:
            self._refused_lines += found
            self._db.execute(
                f"INSERT INTO errors SELECT parsed.line, '{name}', parsed.{field}, 'differs'"
                f" {differing} LIMIT {ERRORS_KEPT}"
            )
            self._db.execute(
                f"UPDATE groups SET bad = true WHERE key IN (SELECT groups.key {differing})"
            )

    def _number(self) -> None:
        """The table `units` where every row stands for itself; a repeated key is an error."""
        repeated = "false"
        if self._shape.unique in [field.name for field in self._fields]:
            unique = _quoted(self._shape.unique)
            repeated = (
                f"{unique} IS NOT NULL AND"
                f" row_number() OVER (PARTITION BY bad, {unique} ORDER BY line) > 1"
            )
        columns = [_quoted(field.name) for field in self._fields]
        self._db.execute(
            f"CREATE TABLE sound AS SELECT line, {repeated} AS repeated{_listed(columns)}"
            " FROM parsed WHERE NOT bad"
        )
        if repeated != "false":
            found = self._db.execute("SELECT count(*) FROM sound WHERE repeated").fetchall()
            self._refused_lines += found[0][0]
            self._db.execute(
                f"INSERT INTO errors SELECT line, '{self._shape.unique}', {unique}::VARCHAR,"
                f" 'duplicate' FROM sound WHERE repeated ORDER BY line LIMIT {ERRORS_KEPT}"
            )
        self._db.execute(
            "CREATE TABLE units AS SELECT row_number() OVER (ORDER BY line) - 1 AS seq,"
            " * EXCLUDE (repeated) FROM sound WHERE NOT repeated ORDER BY seq"
        )

    def _count(self) -> None:
        groups = "groups" if self._shape.group_by else "parsed"
        units, whole = self._db.execute(
            f"SELECT (SELECT count(*) FROM units), (SELECT count(*) FROM {groups})"
        ).fetchall()[0]
        self.counts = Counts(self._rows, units, whole - units, self._refused_lines)

    def units(self, start: int, count: int) -> list[Unit]:
        """The units from a place in the order, at most so many."""
        key = self._shape.group_by
        once = [one.name for one in self._fields if one.of_group or not key]
        each = [one.name for one in self._fields if not (one.of_group or not key)]
        columns = ["key" if name == key else _quoted(name) for name in once]
        span = "first_row, rows" if key else "0, 0"
        found = self._db.execute(
            f"SELECT line, {span}{_listed(columns)} FROM units"
            f" WHERE seq >= {start:d} AND seq < {start + count:d} ORDER BY seq"
        ).fetchall()
        units = [Unit(row[0], dict(zip(once, row[3:], strict=True))) for row in found]
        if key and found:
            first, last = int(found[0][1]), int(found[-1][1] + found[-1][2])
            lists = self._lists(each, first, last)
            for unit, row in zip(units, found, strict=True):
                start_row = int(row[1]) - first
                for name, values in lists.items():
                    unit.values[name] = values[start_row : start_row + row[2]]
        return units

    def _lists(self, names: Sequence[str], first: int, last: int) -> dict[str, list[Any]]:
        """The values of the rows in a span, a list for each field."""
        if not names:
            return {}
        table = self._db.sql(
            f"SELECT {', '.join(map(_quoted, names))} FROM ready"
            f" WHERE row >= {first:d} AND row < {last:d} ORDER BY row"
        ).to_arrow_table()
        return {name: table.column(name).to_pylist() for name in names}

    def errors(self, limit: int = ERRORS_KEPT) -> list[LineError]:
        """The first errors, by line."""
        found = self._db.execute(
            f"SELECT * FROM errors ORDER BY line, field LIMIT {limit:d}"
        ).fetchall()
        return [LineError._make(row) for row in found]


def headers_of(reader: FileKind, path: Path) -> list[str]:
    """The names of a file's columns, told apart; `Refused` where there are none or too many."""
    headers = distinct_headers(reader.header(path))
    if not headers:
        raise Refused("empty_file", "the file has no header", "file")
    if len(headers) > COLUMNS_MAX:
        raise Refused("too_large", f"the file has more than {COLUMNS_MAX} columns", "file")
    return headers


def _one_of(field: Field) -> str:
    """What a group takes of a field that each of its rows repeats."""
    if field.is_number:
        return f"{'min' if field.kind == 'time' else 'max'}({_quoted(field.name)})"
    return f"arg_min({_quoted(field.name)}, line)"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _listed(columns: Sequence[str]) -> str:
    return "".join(f", {column}" for column in columns)
