"""Undoing an import: step by step, each a transaction; the data themselves say what is left."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F

from regulars.connectors.models import Batch
from regulars.connectors.targets import targets
from regulars.core.errors import Conflict
from regulars.core.models import Work

STEP_UNITS = 5_000
OnUndone = Callable[[int, int], None]


@transaction.atomic
def undo_import(batch: Batch) -> Batch:
    """Have a batch taken back; whoever calls this runs it, now or by a worker."""
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    work = Work.objects.select_for_update().get(pk=batch.work_id)
    if batch.undo_id is not None:
        raise Conflict("undo_has_started", "the import is taken back already")
    if batch.started_at is None:
        raise Conflict("import_has_not_started", "nothing was imported yet")
    if work.state in {"running", "waiting"}:
        raise Conflict("import_is_running", "stop the import first")
    batch.undo = Work.objects.create(kind="import_undo", total=batch.units_created)
    batch.save(update_fields=["undo"])
    return batch


def run_undo(
    batch_id: int, *, now: datetime, on_progress: OnUndone = lambda done, total: None
) -> Batch:
    """Take back what a batch wrote, to the end or until somebody stops it.

    Points are reversed by new transfers, purchases are voided, records of people are unlearned;
    products and stores go where nothing uses them and are counted as kept elsewhere.
    """
    batch = Batch.objects.select_related("undo").get(pk=batch_id)
    while _undo_step(batch, now=now):
        batch.refresh_from_db()
        on_progress(batch.units_undone, batch.units_created)
    return Batch.objects.select_related("work", "undo").get(pk=batch_id)


@transaction.atomic
def _undo_step(batch: Batch, *, now: datetime) -> bool:
    """One step of the undo; whether another is needed."""
    assert batch.undo_id is not None, "an undo is asked for before it runs"
    undo = Work.objects.select_for_update().get(pk=batch.undo_id)
    if undo.state == "done":
        return False
    if undo.stop_requested:
        Work.objects.filter(pk=undo.pk).update(state="stopped", ended_at=now)
        return False
    step = targets.get(batch.target).undo(batch.work_id, count=STEP_UNITS, now=now)
    Batch.objects.filter(pk=batch.pk).update(
        units_undone=F("units_undone") + step.removed,
        units_kept=F("units_kept") + step.kept,
        undone_at=now if step.is_last else None,
    )
    undo.done += step.removed + step.kept
    undo.state = "done" if step.is_last else "running"
    undo.started_at = undo.started_at or now
    undo.ended_at = now if step.is_last else None
    undo.save()
    return not step.is_last
