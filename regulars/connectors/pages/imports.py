"""Pages of import: the list with the upload, and one batch from its mapping to its undo."""

import csv
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.connectors.actions import (
    Wish,
    check_batch,
    map_batch,
    open_batch,
    resume_import,
    start_import,
    stop_import,
    undo_import,
)
from regulars.connectors.actions.opening import forget_batch
from regulars.connectors.forms import MappingForm, UploadForm
from regulars.connectors.jobs import check_file, import_batch, undo_batch
from regulars.connectors.models import Batch
from regulars.connectors.queries import batches, error_rows, errors_of, samples_of, state_of
from regulars.connectors.rules.unreadable import reason_text
from regulars.connectors.targets import targets
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

NEEDS = "connectors.change_import"
PER_PAGE = 25
ERRORS_SHOWN = 50
CHECKED_AT_ONCE_BYTES = 4 << 20
"""Files up to this size are checked while the person waits; larger ones by a worker."""

STATES = {
    "mapping": (_("columns to be mapped"), "warn"),
    "checking": (_("being checked"), "accent"),
    "checked": (_("checked, not imported"), "warn"),
    "waiting": (_("waiting"), "accent"),
    "running": (_("running"), "accent"),
    "stopped": (_("stopped"), "warn"),
    "failed": (_("failed"), "bad"),
    "done": (_("imported"), "good"),
    "undoing": (_("being taken back"), "accent"),
    "undo_stopped": (_("undo stopped"), "warn"),
    "undone": (_("taken back"), ""),
}
MOVING = frozenset({"checking", "waiting", "running", "undoing"})


@page(
    "settings/import",
    needs=NEEDS,
    title=_("Import"),
    setting=Setting(
        _("Import"),
        _("Purchases, customers, products, stores and balances of an old program from files"),
        "import",
        40,
    ),
)
def imports(request: HttpRequest) -> Shown:
    """Every import so far, and the form that begins another."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        wish = Wish(told["target"], told["source"].strip())
        by: Any = request.user
        try:
            batch = open_batch(
                told["file"], told["file"].name, wish=wish, now=timezone.now(), by=by
            )
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("connectors.import_batch", batch.pk)
    listed = Paginator(batches(), PER_PAGE).get_page(request.GET.get("page"))
    for batch in listed:
        _describe(batch)
    return show_form(request, "connectors/imports.html", form=form, listed=listed)


@page("settings/import/<int:batch_id>", needs=NEEDS, name="connectors.import_batch")
def one_import(request: HttpRequest, batch_id: int) -> Shown:
    """One import: its mapping, its dry run, its progress or its result."""
    batch = _batch(request, batch_id)
    state = state_of(batch)
    if state == "mapping" or (state == "checked" and "map" in request.GET):
        return _mapping_page(request, batch)
    return show(request, "connectors/import.html", **_context(batch))


def _mapping_page(request: HttpRequest, batch: Batch, form: MappingForm | None = None) -> Shown:
    form = form or MappingForm(batch=batch, samples=samples_of(batch))
    target = targets.get(batch.target)
    return show_form(
        request, "connectors/mapping.html", form=form, batch=_describe(batch), target=target
    )


@page("settings/import/<int:batch_id>/map", needs=NEEDS)
@require_POST
def map_columns(request: HttpRequest, batch_id: int) -> Shown:
    """Keeps the mapping, and checks the file with it."""
    batch = _batch(request, batch_id)
    form = MappingForm(request.POST, batch=batch, samples=samples_of(batch))
    if not form.is_valid():
        return _mapping_page(request, batch, form)
    try:
        map_batch(
            batch,
            form.mapping(),
            read_as=form.read_as(),
            habits=form.habits(),
            now=timezone.now(),
        )
        if batch.size_bytes <= CHECKED_AT_ONCE_BYTES:
            check_batch(batch, now=timezone.now())
        else:
            batch.work.detail = {"checking": True}
            batch.work.save(update_fields=["detail"])
            check_file.enqueue(batch_id=batch.pk)
    except Refused as refused:
        blame(form, refused)
        return _mapping_page(request, batch, form)
    return redirect("connectors.import_batch", batch.pk)


@page("settings/import/<int:batch_id>/start", needs=NEEDS)
@require_POST
def start(request: HttpRequest, batch_id: int) -> Shown:
    """Has a worker import the file."""
    batch = _batch(request, batch_id)
    start_import(batch, now=timezone.now())
    import_batch.enqueue(batch_id=batch.pk)
    return redirect("connectors.import_batch", batch.pk)


@page("settings/import/<int:batch_id>/stop", needs=NEEDS)
@require_POST
def stop(request: HttpRequest, batch_id: int) -> Shown:
    """Asks the worker to stop after the chunk it is writing."""
    stop_import(_batch(request, batch_id), now=timezone.now())
    say(request, gettext("It stops after the current portion."))
    return redirect("connectors.import_batch", batch_id)


@page("settings/import/<int:batch_id>/resume", needs=NEEDS)
@require_POST
def resume(request: HttpRequest, batch_id: int) -> Shown:
    """Has a worker go on from the last checkpoint."""
    batch = _batch(request, batch_id)
    resume_import(batch)
    (undo_batch if batch.undo_id else import_batch).enqueue(batch_id=batch.pk)
    return redirect("connectors.import_batch", batch_id)


@page("settings/import/<int:batch_id>/undo", needs=NEEDS)
def undo(request: HttpRequest, batch_id: int) -> Shown:
    """Asks, with the count, and then has a worker take the import back."""
    batch = _batch(request, batch_id)
    if request.method == "POST":
        undo_import(batch)
        undo_batch.enqueue(batch_id=batch.pk)
        return redirect("connectors.import_batch", batch_id)
    return show(request, "connectors/undo.html", batch=_describe(batch))


@page("settings/import/<int:batch_id>/forget", needs=NEEDS)
@require_POST
def forget(request: HttpRequest, batch_id: int) -> Shown:
    """Removes a file that was not imported."""
    forget_batch(_batch(request, batch_id))
    say(request, gettext("The file is removed."))
    return redirect("connectors.imports")


@page("settings/import/<int:batch_id>/progress", needs=NEEDS)
def progress(request: HttpRequest, batch_id: int) -> Shown:
    """How far it is: a fragment that asks again while it moves, and then reloads the page."""
    batch = _batch(request, batch_id)
    if state_of(batch) not in MOVING:
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Refresh": "true"})
        return redirect("connectors.import_batch", batch_id)
    return show(request, "connectors/_progress.html", **_context(batch))


@page("settings/import/<int:batch_id>/errors.csv", needs=NEEDS)
def errors(request: HttpRequest, batch_id: int) -> Shown:
    """The wrong lines with their reasons, as a file to be mended and imported again."""
    batch = _batch(request, batch_id)
    response = StreamingHttpResponse(_csv(error_rows(batch)), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="errors-{batch.pk}.csv"'
    return response


def _csv(rows: Iterator[list[str]]) -> Iterator[bytes]:
    class Echo:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Echo())
    yield "\ufeff".encode()
    for row in rows:
        yield writer.writerow(row).encode()


def _batch(request: HttpRequest, batch_id: int) -> Batch:
    user: Any = request.user
    return get_seen(Batch, batch_id, seen_by=user, rows=batches())


def _describe(batch: Batch) -> Batch:
    """The batch with what templates say of it."""
    shown: Any = batch
    shown.state = state_of(batch)
    shown.state_label, shown.tone = STATES[shown.state]
    shown.target_label = targets.get(batch.target).label
    return batch


def _context(batch: Batch) -> dict[str, Any]:
    shown: Any = _describe(batch)
    undoing = shown.state in {"undoing", "undo_stopped"}
    work = batch.undo if undoing and batch.undo else batch.work
    labels = {field.name: str(field.label) for field in targets.get(batch.target).fields}
    first = [
        [(labels.get(name, name), _cell(value)) for name, value in unit.items() if name != "line"]
        for unit in batch.work.detail.get("first", [])
    ]
    return {
        "batch": batch,
        "work": work,
        "moving": shown.state in MOVING,
        "first": first,
        "errors": [
            (error.line, error.column, error.value, reason_text(error.reason))
            for error in errors_of(batch, ERRORS_SHOWN)
        ],
    }


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join("–" if one is None else str(one) for one in value[:5])
    return "–" if value is None else str(value)
