"""Running an import: chunk by chunk, each with its checkpoint in one transaction."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from regulars.connectors.actions.checking import add_errors, note_stage
from regulars.connectors.actions.opening import refuse_bad_mapping
from regulars.connectors.actions.staged import staged
from regulars.connectors.models import Batch, Made
from regulars.connectors.staging.stage import ERRORS_KEPT, Stage, Unit
from regulars.connectors.staging.understanding import LineError
from regulars.connectors.targets import Outcome, Writing, targets
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Work

CHUNK_UNITS = 5_000
OnProgress = Callable[[str, int, int], None]
"""Hears the phase (`reading` or `writing`), how much is done, and of how much (0: unknown)."""


def nobody_listens(phase: str, done: int, total: int) -> None:
    """For imports that nobody watches."""


@transaction.atomic
def start_import(batch: Batch, *, now: datetime) -> None:
    """Mark a batch as started; whoever calls this has it run, now or by a worker."""
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.started_at is not None:
        raise Conflict("import_has_started", "the import has started already")
    refuse_bad_mapping(targets.get(batch.target), batch.mapping, batch.headers)
    batch.started_at = now
    batch.save(update_fields=["started_at"])


@transaction.atomic
def stop_import(batch: Batch, *, now: datetime) -> None:
    """Ask a running import, or undo, to stop after its current chunk; nothing written is lost."""
    work_id = batch.undo_id or batch.work_id
    work = Work.objects.select_for_update().get(pk=work_id)
    if work.state == "done":
        raise Conflict("import_has_ended", "it has ended already")
    work.stop_requested = True
    if work.state != "running":
        work.state, work.ended_at = "stopped", now
    work.save()


@transaction.atomic
def resume_import(batch: Batch) -> None:
    """Let an import, or undo, that stopped or failed go on from its last checkpoint."""
    work = Work.objects.select_for_update().get(pk=batch.undo_id or batch.work_id)
    if batch.started_at is None or work.state == "done":
        raise Conflict("nothing_to_resume", "there is nothing to go on with")
    work.stop_requested, work.state, work.ended_at = False, "waiting", None
    work.failure = ""
    work.save()


def run_import(batch_id: int, *, now: datetime, on_progress: OnProgress = nobody_listens) -> Batch:
    """Import a started batch from its last checkpoint to its end, or until somebody stops it.

    Whoever is cut off, at whatever moment, loses at most the chunk that was being written: that
    chunk and its checkpoint are one transaction. Two processes on one batch do no harm: the one
    that finds the checkpoint moved gives way.
    """
    batch = _begin(batch_id, now=now)
    if batch is None:
        return Batch.objects.select_related("work").get(pk=batch_id)
    try:
        with staged(batch, lambda rows: on_progress("reading", rows, 0)) as stage:
            _write_all(_Run(batch, stage, now, on_progress))
    except Refused as refused:
        _fail(batch.work_id, refused.message, now=now)
    except Exception as error:
        _fail(batch.work_id, f"{type(error).__name__}: {error}"[:500], now=now)
        raise
    return Batch.objects.select_related("work").get(pk=batch_id)


@dataclass(frozen=True)
class _Run:
    batch: Batch
    stage: Stage
    now: datetime
    on_progress: OnProgress


@transaction.atomic
def _begin(batch_id: int, *, now: datetime) -> Batch | None:
    """The batch if there is anything to do with it."""
    batch = Batch.objects.get(pk=batch_id)
    work = Work.objects.select_for_update().get(pk=batch.work_id)
    if batch.started_at is None or batch.undo_id or work.state == "done":
        return None
    if work.stop_requested:
        work.state, work.ended_at = "stopped", now
        work.save()
        return None
    work.state, work.failure, work.ended_at = "running", "", None
    work.started_at = work.started_at or now
    work.save()
    batch.work = work
    return batch


def _write_all(run: _Run) -> None:
    done, total = run.batch.work.done, run.stage.counts.units
    if run.batch.work.total is None:
        _note_beginning(run, total)
    run.on_progress("writing", done, total)
    while done < total:
        units = run.stage.units(done, CHUNK_UNITS)
        if not _write_chunk(run, units, done=done):
            return
        done += len(units)
        run.on_progress("writing", done, total)
    Work.objects.filter(pk=run.batch.work_id, state="running").update(
        state="done", ended_at=run.now
    )


@transaction.atomic
def _note_beginning(run: _Run, total: int) -> None:
    """What staging found is kept once; a resumed run finds the same."""
    work = Work.objects.select_for_update().get(pk=run.batch.work_id)
    if work.total is None:
        note_stage(run.batch, run.stage)
        Work.objects.filter(pk=work.pk).update(total=total)


@transaction.atomic
def _write_chunk(run: _Run, units: Sequence[Unit], *, done: int) -> bool:
    """Write one chunk with its checkpoint; False where somebody stopped us or is ahead of us."""
    work = Work.objects.select_for_update().get(pk=run.batch.work_id)
    if work.stop_requested:
        work.state, work.ended_at = "stopped", run.now
        work.save(update_fields=["state", "ended_at"])
        return False
    if work.done != done:
        return False
    target = targets.get(run.batch.target)
    outcomes = target.write(units, Writing(work.pk, run.batch.source, run.now))
    counts = Counter(outcome.state for outcome in outcomes)
    refused = [
        LineError(unit.line, outcome.field, "", outcome.reason)
        for unit, outcome in zip(units, outcomes, strict=True)
        if outcome.state == "refused"
    ]
    Batch.objects.filter(pk=run.batch.pk).update(
        units_created=F("units_created") + counts["created"],
        units_known=F("units_known") + counts["known"],
        units_refused=F("units_refused") + counts["refused"],
        errors_found=F("errors_found") + len(refused),
    )
    if refused:
        _keep_refused(run.batch, refused)
    if target.keeps_ids:
        _keep_ids(work.pk, outcomes)
    Work.objects.filter(pk=work.pk).update(done=done + len(units))
    return True


def _keep_refused(batch: Batch, refused: Sequence[LineError]) -> None:
    known = Batch.objects.values_list("errors_found", flat=True).get(pk=batch.pk)
    add_errors(batch, refused[: max(ERRORS_KEPT - (known - len(refused)), 0)])


def _keep_ids(work_id: int, outcomes: Sequence[Outcome]) -> None:
    Made.objects.bulk_create(
        [Made(work_id=work_id, row_id=one.id) for one in outcomes if one.state == "created"]
    )


def _fail(work_id: int, reason: str, *, now: datetime) -> None:
    Work.objects.filter(pk=work_id).update(state="failed", failure=reason, ended_at=now)
