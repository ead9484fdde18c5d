"""`regulars resolve`: which records of a file are one person."""

from pathlib import Path
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


def resolve_file(file: Path, *, columns: str, id_column: str, out: Path) -> dict[str, Any]:
    """Write the clusters of a file's records, and say what was read, compared and found."""
    from time import perf_counter

    import duckdb

    from regulars.customers.matching import default_model
    from regulars.customers.matching.files import load_raw, open_file, planned, write_clusters
    from regulars.customers.matching.resolving import resolve_table
    from regulars.customers.matching.tables import put_table

    started = perf_counter()
    with duckdb.connect() as connection:
        plan = planned(open_file(connection, file), said=columns, id_column=id_column)
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
