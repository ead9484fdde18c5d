"""The sheets of a workbook as pyxform takes them; what is meant to do harm is refused before."""

import re
from io import BytesIO
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from regulars.core.errors import Refused
from regulars.core.texts import keepable

SIZE_MAX = 5_000_000
UNPACKED_MAX = 40_000_000
ROWS_MAX = 5_000
COLUMNS_MAX = 300
SHEETS = ("survey", "choices", "settings")
SHARED = "sharedstrings.xml"
_CELL = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")

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
    """Unpack everything once within bounds, and look what its cells will be laid out to."""
    try:
        parts = _parts(sent)
        reach = _Reach()
        for name, part in parts.items():
            if name.endswith(SHARED):
                reach.look(part)
        for part in parts.values():
            if b"sheetData" in part:
                reach.look(part)
    except (BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as fault:
        raise _unreadable(fault) from fault


def _parts(sent: bytes) -> dict[str, bytes]:
    """What an archive holds, by names in small letters."""
    parts: dict[str, bytes] = {}
    room = UNPACKED_MAX
    with ZipFile(BytesIO(sent)) as archive:
        for one in archive.infolist():
            name = one.filename.lower()
            if name in parts:
                raise ValueError(f"two parts are called {name[:60]}")
            with archive.open(one) as file:
                parts[name] = file.read(room + 1)
            room -= len(parts[name])
            if room < 0:
                raise _too_much()
    return parts


def _too_much() -> Refused:
    return Refused("too_large", _("The file unpacks to far too much."), "file")


class _Reach:
    """How far the cells of a workbook reach, and how long the texts in them are together.

    Whoever reads a sheet lays out all that lies between its cells, and writes a text that stands in
    the file once into every cell that shows it. It takes a reader of XML to see them, since a cell
    can be written in many ways.
    """

    def __init__(self) -> None:
        self.row = self.column = 0
        self.is_shared = False
        self.read: list[str] = []
        self.lengths: list[int] = []
        self.room = UNPACKED_MAX

    def look(self, part: bytes) -> None:
        """Go through the shared texts, which come first, or a sheet.

        Raises Refused for a cell too far away and for too much text, ValueError for no XML.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self.begin
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.read.append
        parser.StartDoctypeDeclHandler = self.doctype
        try:
            parser.Parse(part, True)
        except expat.ExpatError as fault:
            raise ValueError(str(fault)) from fault

    def begin(self, name: str, told: dict[str, str]) -> None:
        """A row or a cell begins; without a number it is the next one."""
        kind = name.rpartition(":")[2]
        if kind == "sheetData":
            self.row = 0
        elif kind == "row":
            self.row, self.column = int(told.get("r", self.row + 1)), 0
        elif kind == "c":
            self.column += 1
            self.is_shared = told.get("t") == "s"
            if "r" in told:
                self.row, self.column = _cell(told["r"])
        elif kind in ("si", "v"):
            self.read.clear()
        if self.row > ROWS_MAX or self.column > COLUMNS_MAX:
            said = _("A sheet may have %(rows)s rows and %(columns)s columns at most.")
            words = said % {"rows": ROWS_MAX, "columns": COLUMNS_MAX}
            raise Refused("sheet_too_large", words, "file")

    def end(self, name: str) -> None:
        """A shared text ends, or what a cell says: for a shared text its number."""
        kind = name.rpartition(":")[2]
        if kind == "si":
            self.lengths.append(sum(map(len, self.read)))
        elif kind == "v" and self.is_shared:
            number = int("".join(self.read))
            self.room -= sum(self.lengths[number : number + 1])
            if self.room < 0:
                raise _too_much()

    def doctype(self, *_told: object) -> None:
        """No spreadsheet has one; what does may say the same thing a billion times."""
        raise ValueError("a document type")


def _cell(name: str) -> tuple[int, int]:
    match = _CELL.fullmatch(name)
    if match is None:
        raise ValueError(f"no cell: {name[:20]}")
    column = 0
    for letter in match[1].upper():
        column = 26 * column + ord(letter) - 64
    return int(match[2]), column


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
    return keepable(str(cell)).strip()
