"""Answers as CSV: UTF-8 with a mark, values as they are stored, texts harmless for spreadsheets."""

import csv
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any

from regulars.feedback.exporting import Format, formats
from regulars.feedback.exporting.sheets import Cell, Sheet, harmless


def write_csv(file: IO[bytes], sheet: Sheet) -> None:
    """Write the table, row by row."""
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(column.name) for column in sheet.columns])
    for batch in sheet.batches():
        writer.writerows([_plain(cell) for cell in row] for row in batch)
    text.flush()
    text.detach()


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, datetime) else harmless(cell)


formats.add("csv")(Format("CSV", "text/csv; charset=utf-8", write_csv))
