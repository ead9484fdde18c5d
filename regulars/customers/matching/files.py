"""CSV and Parquet files of records: which column is which field, and reading them."""

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


def open_file(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Make the view `source` of the file, all as texts; gives its columns in order."""
    if not path.is_file():
        raise Refused("no_such_file", f"there is no file {path}", "FILE")
    reader = (
        f"read_parquet({_quoted(str(path))})"
        if path.suffix.lower() in {".parquet", ".pq"}
        else f"read_csv({_quoted(str(path))}, all_varchar=true, header=true, sample_size=-1)"
    )
    try:
        connection.execute(
            f'CREATE TABLE source AS SELECT (row_number() OVER () - 1)::INTEGER AS " record", *'
            f" FROM {reader}"
        )
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise Refused("unreadable_file", f"{path.name} cannot be read: {reason}", "FILE") from None
    columns = connection.execute("DESCRIBE source").fetchall()
    return [str(column[0]) for column in columns[1:]]


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
            raise Refused("id_twice", f"{twice[0]} is there more than once", plan.id_column)
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
