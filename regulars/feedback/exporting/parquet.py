"""Answers as Parquet: typed columns, their labels in the metadata of each field."""

import json
from typing import IO, Any

from regulars.feedback.exporting import Format, formats
from regulars.feedback.exporting.sheets import Column, Sheet


def write_parquet(file: IO[bytes], sheet: Sheet) -> None:
    """Write the table, a row group for each batch."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema([_field(column) for column in sheet.columns])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in sheet.batches():
            columns = [
                pa.array(list(cells), type=kind)
                for cells, kind in zip(zip(*batch, strict=True), schema.types, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _field(column: Column) -> Any:
    import pyarrow as pa

    kinds = {
        "number": pa.float64(),
        "text": pa.string(),
        "time": pa.timestamp("us", "UTC"),
    }
    labels = {str(value): text for value, text in column.labels.items()}
    about = {"label": column.label, "labels": json.dumps(labels, ensure_ascii=False)}
    return pa.field(column.name, kinds[column.kind], metadata=about)


formats.add("parquet")(Format("Parquet", "application/vnd.apache.parquet", write_parquet))
