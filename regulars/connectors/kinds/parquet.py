"""Parquet files, as analysis tools write them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from typing_extensions import override

from regulars.connectors.kinds import BATCH_ROWS, FileKind, kinds, schema_of
from regulars.core.errors import Refused


@kinds.add("parquet")
class ParquetFile(FileKind):
    """Every column becomes text as its type is usually written, and is read like any other file."""

    endings = ("parquet", "pq")

    @classmethod
    @override
    def guess(cls, path: Path) -> Self:
        _open(path).close()
        return cls()

    @override
    def header(self, path: Path) -> list[str]:
        with _open(path) as file:
            return [str(name) for name in file.schema_arrow.names]

    @override
    def typed_columns(self, path: Path) -> frozenset[int]:
        with _open(path) as file:
            types = file.schema_arrow.types
        return frozenset(
            position
            for position, type_ in enumerate(types)
            if not (pa.types.is_string(type_) or pa.types.is_large_string(type_))
        )

    @override
    def batches(self, path: Path, width: int) -> Iterator[pa.RecordBatch]:
        line = 1
        with _open(path) as file:
            try:
                for rows in file.iter_batches(batch_size=BATCH_ROWS):
                    lines = pa.array(range(line, line + rows.num_rows), pa.int64())
                    flaws = pa.nulls(rows.num_rows, pa.string())
                    cells = [_texts(column) for column in rows.columns[:width]]
                    line += rows.num_rows
                    yield pa.RecordBatch.from_arrays(
                        [lines, flaws, *cells], schema=schema_of(width)
                    )
            except (pa.ArrowException, OSError) as error:
                raise Refused("unreadable_file", f"no Parquet: {error}", "file") from error


def _open(path: Path) -> pq.ParquetFile:
    if path.stat().st_size == 0:
        raise Refused("empty_file", "the file is empty", "file")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise Refused("unreadable_file", f"no Parquet: {error}", "file") from error


def _texts(column: pa.Array) -> pa.Array:
    """A column as texts; what is no number counts as empty."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        texts = [None if one is None else str(one) for one in column.to_pylist()]
        return pa.array(texts, pa.string())
