"""The sheets of a workbook as pyxform takes them; what is meant to do harm is refused before."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from regulars.core.errors import Refused

SIZE_MAX = 5_000_000
UNPACKED_MAX = 40_000_000
ROWS_MAX = 5_000
COLUMNS_MAX = 300
SHEETS = ("survey", "choices", "settings")
_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_CHUNK = 1 << 20

Rows = list[dict[str, str]]


def sheets_of(sent: bytes) -> dict[str, Rows]:
    """The sheets `survey`, `choices` and `settings` of an .xlsx file, as rows by column.

    Cells with formulas give what they showed when the file was saved. Raises Refused for what is no
    such file, for what unpacks to too much, and for sheets beyond all use.
    """
    if len(sent) > SIZE_MAX:
        raise Refused("too_large", _("The file is larger than 5 MB."), "file")
    _refuse_bombs(sent)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(sent))
        found = {name.strip().lower(): name for name in book.sheet_names}
        return {
            one: _rows(book.get_sheet_by_name(found[one]).to_python())
            for one in SHEETS
            if one in found
        }
    except (CalamineError, OSError, ValueError) as fault:
        raise _unreadable(fault) from fault


def _unreadable(fault: Exception) -> Refused:
    said = _("This is no spreadsheet of Excel (.xlsx): %(reason)s") % {"reason": fault}
    return Refused("unreadable_file", said, "file")


def _refuse_bombs(sent: bytes) -> None:
    """Unpack everything once within bounds, and look how far the cells of the sheets reach."""
    unpacked = 0
    try:
        with ZipFile(BytesIO(sent)) as archive:
            for one in archive.infolist():
                kept = b""
                for chunk in _chunks(archive, one.filename):
                    unpacked += len(chunk)
                    if unpacked > UNPACKED_MAX:
                        raise Refused("too_large", _("The file unpacks to far too much."), "file")
                    _refuse_far_cells(kept[-100:] + chunk)
                    kept = chunk
    except (BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as fault:
        raise _unreadable(fault) from fault


def _chunks(archive: ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _refuse_far_cells(xml: bytes) -> None:
    for match in _CELL.finditer(xml):
        column = 0
        for letter in match[1]:
            column = 26 * column + letter - 64
        if int(match[2]) > ROWS_MAX or column > COLUMNS_MAX:
            said = _("A sheet may have %(rows)s rows and %(columns)s columns at most.")
            told = said % {"rows": ROWS_MAX, "columns": COLUMNS_MAX}
            raise Refused("sheet_too_large", told, "file")


def _rows(cells: list[list[Any]]) -> Rows:
    """Rows by the words of the first one; empty cells are left out."""
    if not cells:
        return []
    heads = [_text(one) for one in cells[0]]
    rows = [
        {head: _text(cell) for head, cell in zip(heads, row, strict=False) if head and _text(cell)}
        for row in cells[1:]
    ]
    return [row for row in rows if row]


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
