"""`regulars export`: tables of the trade as files."""

import time
from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit


def mount(app: typer.Typer) -> None:
    """Add `export`."""
    app.command("export")(export_file)


def export_file(
    what: Annotated[str, typer.Argument(help="customers, purchases, members or answers")],
    file: Annotated[Path, typer.Argument(help="A .csv or .xlsx file, which is written anew.")],
    as_json: AsJson = False,
) -> None:
    """Write a table to a CSV or XLSX file, whatever its size."""
    prepare()
    from regulars.connectors.exporting import export_table

    started = time.monotonic()
    with refusals_as_exit():
        exported = export_table(what, file)
    seconds = round(time.monotonic() - started, 1)
    answer(
        {"file": str(file), "rows": exported.rows, "seconds": seconds},
        as_json=as_json,
        words=f"{exported.rows:,} rows in {file}",
    )
