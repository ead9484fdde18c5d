"""The people of a segment as a file: our numbers and when they came in, nothing personal."""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse

from regulars.core.errors import NotFound
from regulars.customers.models import Segment
from regulars.customers.queries.segments import members_of

SHEET_ROWS_MAX = 1_048_575
COLUMNS = ("customer_id", "entered_at")
ROWS_AT_ONCE = 10_000


def member_rows(segment: Segment) -> Iterator[tuple[int, datetime]]:
    """The leading record of everybody in a segment and since when, each person once."""
    rows = members_of(segment).order_by("entered_at", "id")
    seen: set[int] = set()
    columns = ("customer_id", "customer__merged_into_id", "entered_at")
    for record, lead, at in rows.values_list(*columns).iterator(chunk_size=ROWS_AT_ONCE):
        person = lead or record
        if person not in seen:
            seen.add(person)
            yield person, at


def members_as_file(segment: Segment, format: str, *, now: datetime) -> FileResponse:
    """A download of a segment in one of `FORMATS`, made on the disk whatever its size."""
    if format not in FORMATS:
        raise NotFound("not_found", f"a segment comes as {', '.join(FORMATS)}", "format")
    write, content_type = FORMATS[format]
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    write(file, member_rows(segment))
    file.seek(0)
    name = f"segment-{segment.code}-{now:%Y-%m-%d}.{format}"
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)


def _csv(file: IO[bytes], rows: Iterator[tuple[int, datetime]]) -> None:
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows((person, at.isoformat()) for person, at in rows)
    text.flush()
    text.detach()


def _ndjson(file: IO[bytes], rows: Iterator[tuple[int, datetime]]) -> None:
    for person, at in rows:
        told = dict(zip(COLUMNS, (person, at.isoformat()), strict=True))
        file.write(f"{json.dumps(told)}\n".encode())


def _xlsx(file: IO[bytes], rows: Iterator[tuple[int, datetime]]) -> None:
    """A sheet holds a million rows; what is more goes on in the next one."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet: Any = None
        for at, (person, entered_at) in enumerate(rows):
            place = at % SHEET_ROWS_MAX
            if place == 0:
                sheet = _sheet(book)
            sheet.write_row(place + 1, 0, (person, entered_at.isoformat()))
        if sheet is None:
            _sheet(book)


def _sheet(book: Any, columns: Sequence[str] = COLUMNS) -> Any:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, columns)
    return sheet


Write = Callable[[IO[bytes], Iterator[tuple[int, datetime]]], None]
FORMATS: dict[str, tuple[Write, str]] = {
    "csv": (_csv, "text/csv; charset=utf-8"),
    "xlsx": (_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "ndjson": (_ndjson, "application/x-ndjson"),
}
"""How a segment can be taken, with the content type, by the ending of the file."""
