"""`regulars resolve`: which records of a file are one person."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from regulars.cli.console import AsJson, answer, refusals_as_exit


def mount(app: typer.Typer) -> None:
    """Add `resolve`."""

    @app.command("resolve")
    def resolve(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or Parquet of records.")],
        columns: Annotated[
            str,
            typer.Option(
                help="Columns to compare, as `column=field` where the name is not ours already;"
                " guessed where left out."
            ),
        ] = "",
        id_column: Annotated[
            str, typer.Option("--id", help="Column of the record's own id; guessed where left out.")
        ] = "",
        out: Annotated[Path, typer.Option(help="CSV or Parquet of id and cluster.")] = Path(
            "clusters.csv"
        ),
        as_json: AsJson = False,
    ) -> None:
        """Find which records of a file are one person; needs no database."""
        with refusals_as_exit():
            result = resolve_file(file, columns=columns, id_column=id_column, out=out)
        words = (
            f"{result['records']} records are {result['clusters']} people; written to {out}"
            f" ({result['seconds']['total']:.1f} s)"
        )
        answer(result, as_json=as_json, words=words)


@contextmanager
def _as_utf_8(file: Path) -> Iterator[tuple[Path, str]]:
    """The file itself, or its text in UTF-8, and what stands between the cells of its header."""
    from regulars.connectors.kinds.csv import CsvFile

    if not file.is_file() or file.suffix.lower() not in {".csv", ".tsv", ".txt"}:
        yield file, ""
        return
    kind = CsvFile.guess(file)
    delimiter = kind.delimiter if len(kind.header(file)) > 1 else ""
    if kind.encoding in {"utf-8", "utf-8-sig"}:
        yield file, delimiter
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        with (
            file.open(encoding=kind.encoding, errors="replace", newline="") as told,
            copy.open("w", encoding="utf-8", newline="") as written,
        ):
            copyfileobj(told, written)
        yield copy, delimiter


def resolve_file(file: Path, *, columns: str, id_column: str, out: Path) -> dict[str, Any]:
    """Write the clusters of a file's records, and say what was read, compared and found."""
    from time import perf_counter

    import duckdb

    from regulars.customers.matching import default_model
    from regulars.customers.matching.files import load_raw, open_file, planned, write_clusters
    from regulars.customers.matching.resolving import resolve_table
    from regulars.customers.matching.tables import put_table

    started = perf_counter()
    with duckdb.connect() as connection, _as_utf_8(file) as (told, delimiter):
        read = open_file(connection, told, delimiter=delimiter)
        plan = planned(read, said=columns, id_column=id_column)
        records = load_raw(connection, plan)
        found = resolve_table(connection, plan.fields.values(), model=default_model())
        table = {"record": list(range(records)), "cluster": found.clusters.tolist()}
        put_table(connection, "clusters", table, record="INTEGER", cluster="INTEGER")
        write_clusters(connection, plan, out)
    return {
        "records": records,
        "clusters": len(set(found.clusters.tolist())),
        "candidates": found.candidates,
        "edges": len(found.left),
        "id": plan.id_column or None,
        "columns": dict(plan.fields),
        "model": found.model.version,
        "seconds": {**found.seconds, "total": round(perf_counter() - started, 3)},
        "out": str(out),
    }
