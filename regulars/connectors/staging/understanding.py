"""Understanding rows: texts of a batch become typed columns, each different text read once.

Columns of files repeat themselves. Each batch's column is turned into its distinct texts and a
place for each row; only the distinct ones are read by the exact functions of `rules`, and what
was read before is remembered. So a million amounts cost no more than the different ones.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from regulars.connectors.fields import Field, Habits, Parse, habit_shown, needs_habits, parser_of
from regulars.connectors.kinds import FileKind
from regulars.connectors.rules.unreadable import Unreadable

REMEMBERED_MAX = 500_000
FIRST_CELL = 2
"""Cells stand behind the columns of the line and its flaw."""


class LineError(NamedTuple):
    """What is wrong with one line: the field (or none), the text that stands there, the reason."""

    line: int
    field: str
    value: str
    reason: str


@dataclass
class Column:
    """A column of the file as one field reads it."""

    field: Field
    position: int
    parse: Parse
    _read: dict[str, tuple[Any, str | None]] = dataclasses.field(default_factory=dict)

    @property
    def type(self) -> pa.DataType:
        """The type of its values once they are read."""
        return pa.int64() if self.field.is_number else pa.string()

    def understood(self, texts: pa.Array) -> tuple[pa.Array, dict[int, str]]:
        """The values of the rows, and the reason for each row that cannot be taken."""
        encoded = texts.dictionary_encode()
        read = [self._reading(text) for text in encoded.dictionary.to_pylist()]
        values = pa.array([value for value, _reason in read], self.type)
        column = values.take(encoded.indices)
        if column.null_count == 0:
            return column, {}
        places = encoded.indices.to_pylist()
        nulls = column.is_null().to_pylist()
        reasons = {}
        for row, (place, is_null) in enumerate(zip(places, nulls, strict=True)):
            if is_null and (reason := self._reason(None if place is None else read[place][1])):
                reasons[row] = reason
        return column, reasons

    def _reason(self, reason: str | None) -> str | None:
        return reason or ("missing" if self.field.required else None)

    def _reading(self, text: str) -> tuple[Any, str | None]:
        if (known := self._read.get(text)) is not None:
            return known
        if len(self._read) >= REMEMBERED_MAX:
            self._read.clear()
        bare = text.strip()
        reading: tuple[Any, str | None]
        try:
            reading = (self.parse(bare) if bare else None, None)
        except Unreadable as unreadable:
            reading = (None, unreadable.code)
        self._read[text] = reading
        return reading


def columns_of(
    reader: FileKind,
    path: Path,
    *,
    headers: Sequence[str],
    mapped: Mapping[str, Field],
    habits: Habits,
) -> list[Column]:
    """The columns that fields are read from, each with the habits that the file itself shows."""
    positions = {headers.index(header): wanted for header, wanted in mapped.items()}
    shown = _habits_shown(reader, path, positions, width=len(headers), habits=habits)
    return [
        Column(wanted, position, parser_of(wanted, shown.get(position, habits)))
        for position, wanted in positions.items()
    ]


def _habits_shown(
    reader: FileKind, path: Path, positions: Mapping[int, Field], *, width: int, habits: Habits
) -> dict[int, Habits]:
    """What columns show of themselves: read until the first value that leaves no doubt."""
    typed = reader.typed_columns(path)
    shown = dict.fromkeys(positions.keys() & typed, Habits(habits.zone, habits.digits))
    doubtful = {
        position: wanted
        for position, wanted in positions.items()
        if position not in typed and needs_habits(wanted, habits)
    }
    for batch in reader.batches(path, width) if doubtful else ():
        for position, wanted in list(doubtful.items()):
            for text in batch.column(FIRST_CELL + position).unique().to_pylist():
                found = habit_shown(wanted, text.strip(), habits) if text else None
                if found is not None:
                    shown[position] = found
                    del doubtful[position]
                    break
        if not doubtful:
            break
    return shown


def understood(
    batch: pa.RecordBatch, columns: Sequence[Column]
) -> tuple[pa.RecordBatch, list[LineError]]:
    """The typed rows of a batch with `line` and `bad`, and what is wrong with the bad ones."""
    errors = _flaws(batch)
    flawed = {error.line for error in errors}
    arrays = []
    for column in columns:
        texts, lines = batch.column(FIRST_CELL + column.position), batch.column(0)
        values, reasons = column.understood(texts)
        arrays.append(values)
        for row, reason in reasons.items():
            line, text = lines[row].as_py(), texts[row].as_py() or ""
            if line not in flawed or reason != "missing":
                errors.append(LineError(line, column.field.name, text[:200], reason))
    wrong = {error.line for error in errors}
    bad = [line in wrong for line in batch.column(0).to_pylist()] if wrong else [False] * len(batch)
    names = ["line", "bad", *[column.field.name for column in columns]]
    flags = pa.array(bad, pa.bool_())
    return pa.RecordBatch.from_arrays([batch.column(0), flags, *arrays], names=names), errors


def _flaws(batch: pa.RecordBatch) -> list[LineError]:
    if batch.column(1).null_count == len(batch):
        return []
    pairs = zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True)
    return [LineError(line, "", "", flaw) for line, flaw in pairs if flaw]


def schema_for(columns: Sequence[Column]) -> pa.Schema:
    """The columns of understood batches."""
    return pa.schema(
        [("line", pa.int64()), ("bad", pa.bool_())]
        + [(column.field.name, column.type) for column in columns]
    )


def errors_as_table(errors: Sequence[LineError]) -> pa.Table:
    """Errors as columns, for the database of the stage."""
    columns: list[Iterator[Any]] = [iter(part) for part in zip(*errors, strict=True)]
    types = (pa.int64(), pa.string(), pa.string(), pa.string())
    arrays = [pa.array(part, type_) for part, type_ in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(LineError._fields))
