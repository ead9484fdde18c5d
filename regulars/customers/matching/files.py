"""CSV and Parquet files of records: which column is which field, and reading them."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from regulars.core.errors import Refused
from regulars.customers.matching.traits import FIELD_OF, FIELDS

_IDS = ("uniqueid", "recordid", "recid", "customerid", "id", "outsideid", "key", "index")


def _plain(name: str) -> str:
    """The name without case and gaps: `Date of Birth` and `date_of_birth` are one."""
    return re.sub(r"[\W_]+", "", name.lower())


_FIELDS = {_plain(alias): field for alias, field in FIELD_OF.items()}
_RANK = {alias: rank for rank, alias in enumerate(_FIELDS)}


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column of a file is the record's own id, and which are compared as what field.

    A column of another meaning is not in `fields` (column to field of ours). Of several columns of
    one field the first that tells something counts.
    """

    id_column: str
    fields: Mapping[str, str]


def open_file(
    connection: duckdb.DuckDBPyConnection, path: Path, *, delimiter: str = ""
) -> list[str]:
    """Make the view `source` of the file, all as texts; gives its columns in order.

    A CSV is UTF-8; `delimiter` stands between its cells, and is guessed where left out. Rows with
    fewer cells than the header end in nothing; one with more is `Refused`, with its line.
    """
    if not path.is_file():
        raise Refused("no_such_file", f"there is no file {path}", "FILE")
    try:
        _read_into_source(connection, path, delimiter)
    except duckdb.Error as error:
        raise Refused(
            "unreadable_file", f"{path.name} cannot be read: {_reason(error)}", "FILE"
        ) from None
    columns = connection.execute("DESCRIBE source").fetchall()
    return [str(column[0]) for column in columns[1:]]


def _read_into_source(connection: duckdb.DuckDBPyConnection, path: Path, delimiter: str) -> None:
    place = _quoted(str(path))
    if path.suffix.lower() in {".parquet", ".pq"}:
        _make_source(connection, f"read_parquet({place})")
        return
    options = "all_varchar=true, header=true, comment='', skip=0"
    if delimiter:
        options += f", delim={_quoted(delimiter)}"
    try:
        _make_source(connection, f"read_csv({place}, {options}, sample_size=-1)")
    except duckdb.Error:
        # DuckDB's guess fails on one uneven row and does not say which.
        options += ", auto_detect=false, quote='\"', escape='\"', null_padding=true, parallel=false"
        columns = _columns_of(path, delimiter or ",")
        _make_source(connection, f"read_csv({place}, {options}, columns={columns})")


def _make_source(connection: duckdb.DuckDBPyConnection, reader: str) -> None:
    connection.execute(
        f'CREATE TABLE source AS SELECT (row_number() OVER () - 1)::INTEGER AS " record", *'
        f" FROM {reader}"
    )


def _columns_of(path: Path, delimiter: str) -> str:
    """The header of a CSV as DuckDB takes it; a name that is there twice or is empty gets a number."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = next(csv.reader(file, delimiter=delimiter), [])
    told: dict[str, str] = {}
    for place, name in enumerate(names):
        bare = name or f"column{place}"
        told[f"{bare}_{place}" if bare in told else bare] = "VARCHAR"
    return "{" + ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in told) + "}"


def _reason(error: duckdb.Error) -> str:
    """What of DuckDB's words a person can use."""
    text = str(error)
    line = re.search(r"CSV Error on Line: ([0-9]+)", text)
    cells = re.search(r"Expected Number of Columns: ([0-9]+) Found: ([0-9]+)", text)
    if line and cells:
        return f"line {line[1]} has {cells[2]} cells, the header has {cells[1]}"
    if line and "not utf-8" in text:
        return f"line {line[1]} is not UTF-8"
    return text.splitlines()[0]


def planned(columns: Sequence[str], *, said: str = "", id_column: str = "") -> Plan:
    """What to do with a file of these columns, as somebody said or as their names suggest.

    `said` lists columns with commas, `column=field` where the column has another name than one of
    our fields. `Refused` names a column that is not there and a field that is not ours.

    >>> planned(["id", "Date of Birth", "town", "notes"]).fields
    {'Date of Birth': 'birthday', 'town': 'city'}
    >>> planned(["n", "a", "dob"], said="a=surname,dob", id_column="n").fields
    {'a': 'surname', 'dob': 'birthday'}
    """
    known = {_plain(column): column for column in columns}
    own_id = _column(known, id_column) if id_column else _guessed_id(known)
    wanted = [part.strip() for part in said.split(",") if part.strip()]
    fields = _as_said(known, wanted, own_id) if wanted else _guessed(known, own_id)
    if not fields:
        raise Refused("nothing_to_compare", "name the columns to compare with --columns", "columns")
    return Plan(own_id or "", fields)


def _guessed(known: Mapping[str, str], own_id: str | None) -> dict[str, str]:
    found = [plain for plain in known if plain in _FIELDS and known[plain] != own_id]
    return {known[plain]: _FIELDS[plain] for plain in sorted(found, key=_RANK.__getitem__)}


def _as_said(known: Mapping[str, str], wanted: Sequence[str], own_id: str | None) -> dict[str, str]:
    found = {}
    for part in wanted:
        left, _, right = (text.strip() for text in part.partition("="))
        # Both `dob=birthday` and `birthday=dob` are understood: the file tells which is its own.
        if right and _plain(left) not in known and _plain(right) in known:
            left, right = right, left
        column = _column(known, left)
        if column == own_id and not right:
            continue
        field = _FIELDS.get(_plain(right or left))
        if field is None:
            names = ", ".join(FIELDS)
            raise Refused("unknown_field", f"no field of ours; say one of {names}", right or left)
        found[column] = field
    return found


def _column(known: Mapping[str, str], name: str) -> str:
    column = known.get(_plain(name))
    if column is None:
        listed = ", ".join(known.values())
        raise Refused("no_such_column", f"there is no such column; the file has {listed}", name)
    return column


def _guessed_id(known: Mapping[str, str]) -> str | None:
    return next((known[name] for name in _IDS if name in known), None)


def load_raw(connection: duckdb.DuckDBPyConnection, plan: Plan) -> int:
    """Make the table `raw` of `source` for `resolve_table`; gives the number of records."""
    told: dict[str, list[str]] = {}
    for column, field in plan.fields.items():
        told.setdefault(field, []).append(f"nullif(trim({_named(column)}::VARCHAR), '')")
    listed = ", ".join(f"coalesce({', '.join(texts)}) AS {field}" for field, texts in told.items())
    connection.execute(f'CREATE TABLE raw AS SELECT " record" AS record, {listed} FROM source')
    if plan.id_column:
        column = _named(plan.id_column)
        twice = connection.execute(
            f"SELECT {column} FROM source GROUP BY ALL HAVING count(*) > 1 LIMIT 1"
        ).fetchone()
        if twice:
            said = "an empty id" if twice[0] is None else twice[0]
            reason = f"{said} is there more than once: name each record's own id with --id"
            raise Refused("id_twice", reason, plan.id_column)
    row = connection.execute("SELECT count(*) FROM raw").fetchone()
    return int(row[0]) if row else 0


def write_clusters(connection: duckdb.DuckDBPyConnection, plan: Plan, out: Path) -> None:
    """Write the id and `cluster` of each record, in the order of the file, from the table `clusters`.

    A cluster is called by the id of its first record. The file is CSV, or Parquet by its ending.
    """
    own = _named(plan.id_column) if plan.id_column else '" record"'
    name = _named(plan.id_column or "record")
    kind = "PARQUET" if out.suffix.lower() in {".parquet", ".pq"} else "CSV, HEADER"
    try:
        connection.execute(f"""
            COPY (
                SELECT s.{own} AS {name}, lead.{own} AS cluster_id
                FROM clusters JOIN source s ON s." record" = clusters.record
                JOIN source lead ON lead." record" = clusters.cluster ORDER BY clusters.record
            ) TO {_quoted(str(out))} (FORMAT {kind})
        """)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise Refused("unwritable_file", f"{out} cannot be written: {reason}", "out") from None


def _named(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
