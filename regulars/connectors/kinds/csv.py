"""Text files with a mark between the cells."""

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Self

import pyarrow as pa
from pydantic import Field
from typing_extensions import override

from regulars.connectors.kinds import BATCH_ROWS, FileKind, batch_of, kinds, shaped
from regulars.connectors.rules.encodings import delimiter_of, encoding_of
from regulars.core.errors import Refused

BEGINNING_BYTES = 1 << 20
CELL_MAX = 100_000


@kinds.add("csv")
class CsvFile(FileKind):
    """Comma-separated values, whatever the comma is; the encoding and the mark are guessed."""

    endings = ("csv", "tsv", "txt")

    encoding: str = Field("utf-8", title="Encoding")
    delimiter: str = Field(",", min_length=1, max_length=1, title="Delimiter")

    @classmethod
    @override
    def guess(cls, path: Path) -> Self:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING_BYTES)
        if not beginning.strip():
            raise Refused("empty_file", "the file is empty", "file")
        encoding = _checked(path, encoding_of(beginning))
        text = beginning.decode(encoding, errors="ignore")
        return cls(encoding=encoding, delimiter=delimiter_of(text))

    @override
    def header(self, path: Path) -> list[str]:
        with self._open(path) as file:
            for _line, cells in _rows(csv.reader(file, delimiter=self.delimiter)):
                return cells
        raise Refused("empty_file", "the file is empty", "file")

    @override
    def batches(self, path: Path, width: int) -> Iterator[pa.RecordBatch]:
        with self._open(path) as file:
            rows = islice(_rows(csv.reader(file, delimiter=self.delimiter)), 1, None)
            while some := list(islice(rows, BATCH_ROWS)):
                fitted = [shaped(cells, width) for _line, cells in some]
                yield batch_of(
                    [line for line, _cells in some],
                    [flaw for _cells, flaw in fitted],
                    [cells for cells, _flaw in fitted],
                    width=width,
                )

    def _open(self, path: Path) -> TextIOWrapper:
        try:
            return path.open(encoding=self.encoding, errors="replace", newline="")
        except LookupError as error:
            raise Refused("unknown_encoding", f"{self.encoding}?", "encoding") from error


def _rows(reader: "csv._reader") -> Iterator[tuple[int, list[str]]]:  # type: ignore[name-defined]
    """Each row that has something in it, with the number of the line it begins on."""
    csv.field_size_limit(CELL_MAX)
    line = 1
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield line, cells
            line = reader.line_num + 1
    except (csv.Error, UnicodeError) as error:
        reason = f"line {line} cannot be read, perhaps a quotation mark is never closed: {error}"
        raise Refused("unreadable_file", reason, "file") from error


def _checked(path: Path, encoding: str) -> str:
    """UTF-8 only if the whole file is; the beginning of a long file may hold plain letters only."""
    if encoding != "utf-8":
        return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while part := file.read(BEGINNING_BYTES):
            try:
                decoder.decode(part)
            except UnicodeDecodeError:
                return encoding_of(part)
    return encoding
