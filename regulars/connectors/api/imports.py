"""Imports for other programs: upload a file, watch it, stop it, go on, take it back."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from regulars.connectors.actions import (
    Wish,
    open_batch,
    resume_import,
    start_import,
    stop_import,
    undo_import,
)
from regulars.connectors.jobs import import_batch, undo_batch
from regulars.connectors.models import Batch
from regulars.connectors.queries import batches, state_of
from regulars.core.access import get_seen
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Forbidden

router = Router(tags=["Imports"])


class ImportAsk(Schema):
    """What a file holds and where it comes from."""

    target: str = Field(examples=["purchases"], max_length=50)
    source: str = Field("import", max_length=40, description="Numbers are unique within it.")


class ImportOut(Schema):
    """How far an import is, and what became of its units."""

    id: int
    name: str
    target: str
    source: str
    state: str
    failure: str
    mapping: dict[str, str]
    rows: int
    units: int
    done: int
    created: int
    already_known: int
    refused: int
    errors: int
    undone: int
    created_at: datetime


@router.post("/imports", response={201: ImportOut}, **writes("imports:write"))
def create_import(
    request: ApiRequest, ask: Form[ImportAsk], file: File[UploadedFile]
) -> Status[Any]:
    """Take a file and import it; columns are mapped as before for this header, or by their names."""
    _see_all_stores(request)
    now = timezone.now()
    wish = Wish(ask.target, ask.source)
    batch = open_batch(file, file.name or "", wish=wish, now=now)  # type: ignore[arg-type]
    start_import(batch, now=now)
    import_batch.enqueue(batch_id=batch.pk)
    return Status(201, _shape(_batch(request, batch.pk)))


@router.get("/imports/{import_id}", response=ImportOut, **reads("imports:read"))
def get_import(request: ApiRequest, import_id: int) -> dict[str, Any]:
    """One import, and how far it is."""
    return _shape(_batch(request, import_id))


@router.post("/imports/{import_id}/stop", response=ImportOut, **writes("imports:write"))
def stop(request: ApiRequest, import_id: int) -> dict[str, Any]:
    """Stop after the portion that is being written; nothing written is lost."""
    stop_import(_batch(request, import_id), now=timezone.now())
    return _shape(_batch(request, import_id))


@router.post("/imports/{import_id}/resume", response=ImportOut, **writes("imports:write"))
def resume(request: ApiRequest, import_id: int) -> dict[str, Any]:
    """Go on from the last checkpoint."""
    batch = _batch(request, import_id)
    resume_import(batch)
    (undo_batch if batch.undo_id else import_batch).enqueue(batch_id=batch.pk)
    return _shape(_batch(request, import_id))


@router.post("/imports/{import_id}/undo", response=ImportOut, **writes("imports:write"))
def undo(request: ApiRequest, import_id: int) -> dict[str, Any]:
    """Take back what the import wrote."""
    undo_import(_batch(request, import_id))
    undo_batch.enqueue(batch_id=import_id)
    return _shape(_batch(request, import_id))


def _see_all_stores(request: ApiRequest) -> None:
    """Imports concern all stores, so a key for some stores may not touch them."""
    if request.auth.store_ids is not None:
        raise Forbidden("all_stores_needed", "imports need a key for all stores")


def _batch(request: ApiRequest, import_id: int) -> Batch:
    _see_all_stores(request)
    return get_seen(Batch, import_id, seen_by=request.auth, rows=batches())


def _shape(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "name": batch.name,
        "target": batch.target,
        "source": batch.source,
        "state": state_of(batch),
        "failure": batch.work.failure,
        "mapping": batch.mapping,
        "rows": batch.rows_found,
        "units": batch.units_found,
        "done": batch.work.done,
        "created": batch.units_created,
        "already_known": batch.units_known,
        "refused": batch.units_refused,
        "errors": batch.errors_found,
        "undone": batch.units_undone,
        "created_at": batch.created_at,
    }
