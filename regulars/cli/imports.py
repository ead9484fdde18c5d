"""`regulars import`: files of purchases, customers, consents, balances, products and stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from regulars.cli.console import AsJson, answer, prepare, refusals_as_exit, speech, stop

if TYPE_CHECKING:
    from regulars.connectors.actions import Wish
    from regulars.connectors.actions.running import OnProgress
    from regulars.connectors.models import Batch

FIRST_ERRORS = 10
FAILED = 3


def mount(app: typer.Typer) -> None:
    """Add `import`."""
    app.command("import")(import_file)


def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV, XLSX or Parquet file.")],
    target: Annotated[
        str,
        typer.Option("--as", help="balances, consents, customers, products, purchases or stores"),
    ] = "purchases",
    source: Annotated[str, typer.Option(help="The system the file comes from.")] = "import",
    columns: Annotated[
        list[str] | None, typer.Option("--map", help="column=field, as often as needed")
    ] = None,
    encoding: Annotated[str, typer.Option(help="Guessed where it is not given.")] = "",
    delimiter: Annotated[str, typer.Option(help="Guessed where it is not given.")] = "",
    sheet: Annotated[str, typer.Option(help="Of a spreadsheet; the first with content.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a file; the same command goes on with an import that was cut off.

    Exit code 2 where the file or the mapping cannot be taken, 3 where the import failed.
    """
    if not file.is_file():
        stop(f"there is no file {file}", code=2)
    prepare()
    from regulars.connectors.actions import Wish

    mapping = {}
    for pair in columns or []:
        column, equals, field = pair.rpartition("=")
        if not equals or not column or not field:
            stop(f"--map takes column=field, not {pair}", code=2)
        mapping[field] = column
    given = {"encoding": encoding, "delimiter": _mark(delimiter), "sheet": sheet}
    wish = Wish(target, source, mapping, {name: text for name, text in given.items() if text})
    with refusals_as_exit():
        result = _dry_run(file, wish, as_json=as_json) if dry_run else _run(file, wish)
    answer(result, as_json=as_json, words=_words(result))
    if result.get("state") == "failed":
        raise typer.Exit(FAILED)


def _mark(delimiter: str) -> str:
    return {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)


def _dry_run(file: Path, wish: "Wish", *, as_json: bool) -> dict[str, Any]:
    from django.utils import timezone

    from regulars.connectors.actions import check_batch, open_batch
    from regulars.connectors.actions.opening import forget_batch, refuse_bad_mapping
    from regulars.connectors.rules.unreadable import reason_text
    from regulars.connectors.targets import targets

    with file.open("rb") as opened:
        batch = open_batch(opened, file.name, wish=wish, now=timezone.now())
    try:
        refuse_bad_mapping(targets.get(batch.target), batch.mapping, batch.headers)
        with _bar() as listen:
            preview = check_batch(
                batch, now=timezone.now(), on_rows=lambda rows: listen("reading", rows, 0)
            )
    finally:
        forget_batch(batch)
    errors = [
        {**error._asdict(), "reason": reason_text(error.reason), "code": error.reason}
        for error in preview.errors
    ]
    if not as_json:
        for error in errors[:FIRST_ERRORS]:
            speech.print("line {line}, {field}: {value!r} {reason}".format(**error))
    return {
        "dry_run": True,
        **asdict(preview.counts),
        "mapping": batch.mapping,
        "read_as": batch.settings,
        "first": preview.first,
        "first_errors": errors[:100],
    }


def _run(file: Path, wish: "Wish") -> dict[str, Any]:
    from django.utils import timezone

    from regulars.connectors.actions import (
        continue_or_open_batch,
        resume_import,
        run_import,
        start_import,
    )

    started = timezone.now()
    batch = continue_or_open_batch(file, wish=wish, now=started)
    if batch.started_at is None:
        start_import(batch, now=started)
    elif batch.work.stop_requested or batch.work.state != "running":
        resume_import(batch)
    with _bar() as listen:
        batch = run_import(batch.pk, now=started, on_progress=listen)
    seconds = (timezone.now() - started).total_seconds()
    return _result(batch, seconds=round(seconds, 1))


def _result(batch: "Batch", *, seconds: float) -> dict[str, Any]:
    return {
        "batch": batch.pk,
        "state": batch.work.state,
        "failure": batch.work.failure,
        "rows": batch.rows_found,
        "units": batch.units_found,
        "created": batch.units_created,
        "already_known": batch.units_known,
        "refused": batch.units_refused,
        "errors": batch.errors_found,
        "seconds": seconds,
    }


def _words(result: dict[str, Any]) -> str:
    if result.get("dry_run"):
        return (
            f"{result['rows']:,} rows, {result['units']:,} ready to import,"
            f" {result['units_refused']:,} refused, {result['errors']:,} lines with errors"
        )
    failure = f" {result['failure']}" if result["failure"] else ""
    return (
        f"{result['state']}:{failure} {result['created']:,} new, {result['already_known']:,} already"
        f" known, {result['refused']:,} refused, in {result['seconds']} s"
    )


@contextmanager
def _bar() -> "Iterator[OnProgress]":
    """A progress bar on standard error, as a function that hears of progress."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=speech) as progress:
        task = progress.add_task("opening", total=None, words="")

        def listen(phase: str, done: int, total: int) -> None:
            words = f"{done:,} of {total:,}" if total else f"{done:,}"
            progress.update(
                task, description=phase, completed=done, total=total or None, words=words
            )

        yield listen
