"""Exports: tables of the trade as CSV or XLSX, row by row, whatever their size."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from django.db import connection, transaction

from regulars.connectors.rules.texts import harmless
from regulars.core.errors import Refused

ROWS_AT_ONCE = 5_000
SHEET_ROWS_MAX = 1_048_575

EXPORTS: dict[str, str] = {
    "customers": """SELECT id, name, name_ru, email, phone, gender, birthday, birth_year, address,
        occupation, interests, traits, language, known_since
        FROM customers_customer WHERE withdrawn_at IS NULL AND merged_into_id IS NULL ORDER BY id""",
    "purchases": """SELECT purchase.source, purchase.number AS receipt, purchase.bought_at,
        coalesce(customer.merged_into_id, customer.id) AS customer, store.code AS store,
        agent.code AS served_by, line.position, product.sku, product.name AS product, category.path AS category, line.quantity_milli, line.total_minor,
        line.discount_minor
        FROM customers_purchase purchase JOIN customers_line line ON line.purchase_id = purchase.id
        LEFT JOIN customers_customer customer ON customer.id = purchase.customer_id
        LEFT JOIN company_store store ON store.id = purchase.store_id
        LEFT JOIN company_agent agent ON agent.id = purchase.served_by_id
        LEFT JOIN company_product product ON product.id = line.product_id
        LEFT JOIN company_category category ON category.id = product.category_id
        WHERE purchase.voided_at IS NULL ORDER BY purchase.id, line.position""",
    "members": """SELECT program.code AS program, member.number,
        coalesce(customer.merged_into_id, customer.id) AS customer, tier.code AS tier,
        member.joined_at FROM loyalty_member member
        JOIN customers_customer customer ON customer.id = member.customer_id
        JOIN loyalty_program program ON program.id = member.program_id
        LEFT JOIN loyalty_tier tier ON tier.id = member.tier_id ORDER BY member.id""",
    "answers": """SELECT answer.id, survey.name AS survey,
        coalesce(customer.merged_into_id, customer.id) AS customer, store.code AS store,
        agent.code AS served_by, answer.channel, answer.language, answer.answered_at, answer.values, answer.sample
        FROM feedback_answer answer JOIN feedback_survey survey ON survey.id = answer.survey_id
        LEFT JOIN customers_customer customer ON customer.id = answer.customer_id
        LEFT JOIN company_store store ON store.id = answer.store_id
        LEFT JOIN company_agent agent ON agent.id = answer.served_by_id ORDER BY answer.id""",
}
"""What can be exported, and how it is read. Money is in minor units, quantities in thousandths.

Customers are persons: rows of a record that is merged name the record that leads.
"""


@dataclass(frozen=True)
class Exported:
    """How many rows were written, and where."""

    rows: int
    path: Path


def export_table(name: str, path: Path) -> Exported:
    """Write one table to a CSV or XLSX file, by the ending of its name; the memory stays constant.

    Cells that a spreadsheet would take for a formula are made harmless.
    """
    if name not in EXPORTS:
        raise Refused("unknown_export", f"there is {', '.join(EXPORTS)} to export", "what")
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx}
    if path.suffix.lower() not in writers:
        raise Refused("unknown_kind", "exports are .csv or .xlsx files", "file")
    with transaction.atomic():
        rows = rows_of(name)
        return Exported(writers[path.suffix.lower()](path, next(rows), rows), path)


def rows_of(name: str) -> Iterator[list[str]]:
    """The header and then the rows of an export, as texts; needs a transaction around it."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(EXPORTS[name])
        some = cursor.fetchmany(ROWS_AT_ONCE)
        yield [column[0] for column in cursor.description]
        while some:
            for row in some:
                yield [_cell(value) for value in row]
            some = cursor.fetchmany(ROWS_AT_ONCE)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else harmless(str(value))


def _write_csv(path: Path, header: Sequence[str], rows: Iterator[list[str]]) -> int:
    written = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            written += 1
    return written


def _write_xlsx(path: Path, header: Sequence[str], rows: Iterator[list[str]]) -> int:
    """A sheet holds a million rows; what is more goes on in the next sheet."""
    written = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header)
        for row in rows:
            place = written % SHEET_ROWS_MAX
            if written and place == 0:
                sheet = book.add_worksheet()
                sheet.write_row(0, 0, header)
            sheet.write_row(place + 1, 0, row)
            written += 1
    return written
