"""Kinds of files: each a plug-in that yields batches of rows, never the whole file."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Self

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from regulars.core.errors import Refused
from regulars.core.registry import Registry

BATCH_ROWS = 50_000
COLUMNS_MAX = 500
LINE, FLAW = "line", "flaw"


class FileKind(BaseModel, ABC):
    """How files of one kind are read; the fields are settings that can be guessed from a file."""

    model_config = ConfigDict(frozen=True)
    endings: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def guess(cls, path: Path) -> Self:
        """The settings that fit a file; `Refused` where it is no file of this kind."""

    @abstractmethod
    def header(self, path: Path) -> list[str]:
        """The cells of the header, as they stand."""

    @abstractmethod
    def batches(self, path: Path, width: int) -> Iterator[pa.RecordBatch]:
        """The rows below the header: the number of the line, what is wrong with its shape, cells."""

    def typed_columns(self, path: Path) -> frozenset[int]:
        """Positions of the columns whose numbers and times are no texts in the file."""
        del path
        return frozenset()


kinds: Registry[type[FileKind]] = Registry("connectors", package="regulars.connectors.kinds")


def kind_for(name: str) -> str:
    """The kind of file that a name ends like; `Refused` where there is none."""
    ending = Path(name).suffix.lower().lstrip(".")
    for kind, reader in kinds.kinds().items():
        if ending in reader.endings:
            return kind
    known = ", ".join(sorted(one for reader in kinds.kinds().values() for one in reader.endings))
    raise Refused("unknown_kind", f"files end in {known}", "file")


def schema_of(width: int) -> pa.Schema:
    """The columns of every batch: line, flaw, and a text for each cell, `c0` onwards."""
    cells = [(f"c{position}", pa.string()) for position in range(width)]
    return pa.schema([(LINE, pa.int64()), (FLAW, pa.string()), *cells])


def batch_of(
    lines: Sequence[int],
    flaws: Sequence[str | None],
    rows: Sequence[Sequence[str | None]],
    *,
    width: int,
) -> pa.RecordBatch:
    """A batch from rows of texts, each of exactly `width` cells."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * width
    arrays = [pa.array(lines, pa.int64()), pa.array(flaws, pa.string())]
    arrays += [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema_of(width))


def shaped(cells: Sequence[str | None], width: int) -> tuple[Sequence[str | None], str | None]:
    """The cells cut or filled to the width of the header, and what was wrong with their number."""
    if len(cells) == width:
        return cells, None
    if len(cells) < width:
        return [*cells, *[None] * (width - len(cells))], "too_few_cells"
    flaw = "too_many_cells" if any(cells[width:]) else None
    return cells[:width], flaw
