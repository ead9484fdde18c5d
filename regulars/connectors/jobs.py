"""Long work of connectors, done by workers; cut off anywhere, it goes on from its checkpoint."""

from django.utils import timezone

import regulars.connectors.hooks.sending  # noqa: F401 (its jobs are known from the start)
from regulars.connectors.actions import check_batch, run_import, run_undo
from regulars.connectors.models import Batch
from regulars.core.errors import Refused
from regulars.core.jobs import job
from regulars.core.models import Work


@job(queue="bulk")
def check_file(*, batch_id: int) -> None:
    """The dry run of a large file."""
    batch = Batch.objects.select_related("work").get(pk=batch_id)
    try:
        check_batch(batch, now=timezone.now())
    except Refused as refused:
        Work.objects.filter(pk=batch.work_id).update(failure=refused.message, detail={})


@job(queue="bulk")
def import_batch(*, batch_id: int) -> None:
    """The import of a batch, from its last checkpoint."""
    run_import(batch_id, now=timezone.now())


@job(queue="bulk")
def undo_batch(*, batch_id: int) -> None:
    """The undo of a batch, from where it stood."""
    run_undo(batch_id, now=timezone.now())
