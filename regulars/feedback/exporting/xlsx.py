"""Answers as XLSX: a sheet of answers, and one that says what each column and value means."""

from datetime import datetime
from typing import IO, Any

import xlsxwriter

from regulars.core.errors import Refused
from regulars.feedback.exporting import Format, formats
from regulars.feedback.exporting.sheets import Cell, Sheet

ROWS_MAX = 1_048_575
COLUMNS_MAX = 16_384


def write_xlsx(file: IO[bytes], sheet: Sheet) -> None:
    """Write the workbook row by row; `Refused` when there is more than a sheet holds."""
    if len(sheet.columns) > COLUMNS_MAX:
        raise Refused(
            "too_many_columns", f"a sheet holds {COLUMNS_MAX} columns; take CSV", "format"
        )
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        answers = book.add_worksheet("answers")
        answers.write_row(0, 0, [column.name for column in sheet.columns])
        at = 0
        for batch in sheet.batches():
            for row in batch:
                at += 1
                if at > ROWS_MAX:
                    raise Refused(
                        "too_many_rows", "a sheet holds a million answers; take CSV or Parquet"
                    )
                answers.write_row(at, 0, [_plain(cell) for cell in row])
        _write_meanings(book.add_worksheet("columns"), sheet)


def _write_meanings(page: Any, sheet: Sheet) -> None:
    page.write_row(0, 0, ("column", "label", "value", "meaning"))
    at = 0
    for column in sheet.columns:
        for value, meaning in column.labels.items() or (("", ""),):
            at += 1
            page.write_row(at, 0, (column.name, column.label, value, meaning))


def _plain(cell: Cell) -> Any:
    return cell.isoformat() if isinstance(cell, datetime) else cell


CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
formats.add("xlsx")(Format("Excel (XLSX)", CONTENT_TYPE, write_xlsx))
