"""Reads of connectors: batches, their stage, their errors with the rows they stand in."""

from collections.abc import Iterator

from django.db.models import QuerySet

from regulars.connectors.actions.opening import file_of, reader_of
from regulars.connectors.models import Batch, RowError
from regulars.connectors.rules.texts import harmless
from regulars.connectors.rules.unreadable import reason_text

SAMPLE_ROWS = 3


def batches() -> QuerySet[Batch]:
    """All batches, the latest first, with their work."""
    return Batch.objects.select_related("work", "undo", "created_by").order_by("-id")


def state_of(batch: Batch) -> str:
    """Where a batch stands: mapping, checking, checked, waiting, running, stopped, failed, done,
    undoing or undone.
    """
    if batch.undone_at is not None:
        return "undone"
    if batch.undo is not None:
        return "undoing" if batch.undo.state in {"waiting", "running"} else "undo_stopped"
    if batch.started_at is not None:
        return batch.work.state
    if batch.work.detail.get("checking"):
        return "checking"
    return "mapping" if batch.checked_at is None else "checked"


def samples_of(batch: Batch, count: int = SAMPLE_ROWS) -> list[list[str]]:
    """The first cells of each column, as they stand in the file."""
    width = len(batch.headers)
    for rows in reader_of(batch).batches(file_of(batch), width):
        first = rows.slice(0, count)
        return [
            [cell or "" for cell in first.column(position + 2).to_pylist()]
            for position in range(width)
        ]
    return [[] for _header in batch.headers]


def errors_of(batch: Batch, count: int) -> list[RowError]:
    """The first errors of a batch by line."""
    return list(RowError.objects.filter(batch=batch).order_by("line", "id")[:count])


def error_rows(batch: Batch) -> Iterator[list[str]]:
    """The wrong lines of a batch as they stand in its file, each with its reasons before it.

    The first row is the header. The file is read again; no row of it is held longer than that.
    Cells that a spreadsheet would take for a formula are made harmless.
    """
    reasons: dict[int, list[str]] = {}
    for error in RowError.objects.filter(batch=batch).order_by("line", "id"):
        where = f"{error.column}: " if error.column else ""
        reasons.setdefault(error.line, []).append(f"{where}{reason_text(error.reason)}")
    yield ["line", "reason", *map(harmless, batch.headers)]
    width = len(batch.headers)
    for rows in reader_of(batch).batches(file_of(batch), width) if reasons else ():
        for place, line in enumerate(rows.column(0).to_pylist()):
            if line in reasons:
                cells = [rows.column(position + 2)[place].as_py() for position in range(width)]
                texts = [str(line), "; ".join(reasons[line]), *[cell or "" for cell in cells]]
                yield [harmless(text) for text in texts]
