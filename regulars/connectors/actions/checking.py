"""The dry run: the whole file is read and understood, and nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from regulars.connectors.actions.staged import column_of, staged
from regulars.connectors.fields import moment_of
from regulars.connectors.models import Batch, RowError
from regulars.connectors.staging.stage import Counts, OnRows, Stage, Unit
from regulars.connectors.staging.understanding import LineError
from regulars.connectors.targets import targets
from regulars.core.errors import Refused

FIRST_UNITS = 5


@dataclass(frozen=True)
class Preview:
    """What an import would do: counts, the first errors, and the first units as understood."""

    counts: Counts
    errors: list[LineError]
    first: list[dict[str, Any]]


def check_batch(batch: Batch, *, now: datetime, on_rows: OnRows = lambda rows: None) -> Preview:
    """Read the whole file as an import would, keep what is wrong with it, and write nothing else."""
    if batch.started_at is not None:
        raise Refused("import_has_started", "the import has started")
    with staged(batch, on_rows) as stage:
        preview = Preview(stage.counts, stage.errors(), _first(batch, stage.units(0, FIRST_UNITS)))
    with transaction.atomic():
        keep_errors(batch, preview.errors)
        batch.rows_found = preview.counts.rows
        batch.units_found = preview.counts.units
        batch.errors_found = preview.counts.errors
        batch.checked_at = now
        batch.save()
        batch.work.detail = {"first": preview.first, "refused": preview.counts.units_refused}
        batch.work.save(update_fields=["detail"])
    return preview


def keep_errors(batch: Batch, errors: Sequence[LineError]) -> None:
    """Replace the kept errors of a batch by these; two statements."""
    RowError.objects.filter(batch=batch).delete()
    add_errors(batch, errors)


def add_errors(batch: Batch, errors: Sequence[LineError]) -> None:
    """Keep errors of lines of a batch; texts that the database cannot hold lose what it cannot."""
    RowError.objects.bulk_create(
        [
            RowError(
                batch=batch,
                line=error.line,
                column=column_of(batch, error),
                value=error.value.replace("\0", "␀").encode(errors="replace").decode(),
                reason=error.reason[:50],
            )
            for error in errors
        ]
    )


def note_stage(batch: Batch, stage: Stage) -> None:
    """Keep what staging found, before the first unit is written."""
    keep_errors(batch, stage.errors())
    Batch.objects.filter(pk=batch.pk).update(
        rows_found=stage.counts.rows,
        units_found=stage.counts.units,
        units_refused=stage.counts.units_refused,
        errors_found=stage.counts.errors,
    )


def _first(batch: Batch, units: Sequence[Unit]) -> list[dict[str, Any]]:
    kinds = {field.name: field.kind for field in targets.get(batch.target).fields}
    return [
        {"line": unit.line}
        | {
            name: moment_of(value).isoformat()
            if kinds.get(name) == "time" and value is not None
            else value
            for name, value in unit.values.items()
        }
        for unit in units
    ]
