"""Spreadsheets of Excel and LibreOffice."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
from pydantic import Field
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook
from typing_extensions import override

from regulars.connectors.kinds import BATCH_ROWS, FileKind, batch_of, kinds, shaped
from regulars.core.errors import Refused

UNPACKED_MAX_BYTES = 2 << 30
"""A million rows of a spreadsheet unpack to less; what is larger means harm."""


@kinds.add("xlsx")
class Spreadsheet(FileKind):
    """The first sheet with anything on it, or the sheet that is named."""

    endings = ("xlsx", "xlsm", "xls", "ods")

    sheet: str = Field("", title="Sheet")

    @classmethod
    @override
    def guess(cls, path: Path) -> Self:
        book = _book(path)
        for name in book.sheet_names:
            if book.get_sheet_by_name(name).total_height:
                return cls(sheet=name)
        raise Refused("empty_file", "the file is empty", "file")

    @override
    def header(self, path: Path) -> list[str]:
        for _line, cells in _rows(self._sheet(path)):
            while cells and not cells[-1]:
                cells.pop()
            return [cell or "" for cell in cells]
        raise Refused("empty_file", "the file is empty", "file")

    @override
    def batches(self, path: Path, width: int) -> Iterator[pa.RecordBatch]:
        rows = islice(_rows(self._sheet(path)), 1, None)
        while some := list(islice(rows, BATCH_ROWS)):
            # A sheet is a rectangle: cells that are missing at the end are empty, not torn off.
            fitted = [shaped(cells + [None] * (width - len(cells)), width) for _line, cells in some]
            yield batch_of(
                [line for line, _cells in some],
                [flaw for _cells, flaw in fitted],
                [cells for cells, _flaw in fitted],
                width=width,
            )

    def _sheet(self, path: Path) -> CalamineSheet:
        book = _book(path)
        name = self.sheet or book.sheet_names[0]
        if name not in book.sheet_names:
            raise Refused("unknown_sheet", f"there is no sheet {name}", "sheet")
        return book.get_sheet_by_name(name)


def _book(path: Path) -> CalamineWorkbook:
    if path.stat().st_size == 0:
        raise Refused("empty_file", "the file is empty", "file")
    _refuse_bomb(path)
    try:
        return CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError, ValueError) as error:
        raise Refused("unreadable_file", f"no spreadsheet: {error}", "file") from error


def _refuse_bomb(path: Path) -> None:
    try:
        with ZipFile(path) as archive:
            unpacked = sum(one.file_size for one in archive.infolist())
    except BadZipFile:
        return
    if unpacked > UNPACKED_MAX_BYTES:
        raise Refused("too_large", "the spreadsheet unpacks to more than 2 GB", "file")


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | None]]]:
    start = sheet.start[0] if sheet.start else 0
    try:
        for line, values in enumerate(sheet.iter_rows(), start + 1):
            cells = [_text(value) for value in values]
            if any(cells):
                yield line, cells
    except (CalamineError, ValueError) as error:
        raise Refused("unreadable_file", f"no spreadsheet: {error}", "file") from error


def _text(value: Any) -> str | None:
    """A cell as the other kinds of files would have written it."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
