"""The money of the company."""

from regulars.core.sql import cursor_for


def currency_here() -> str:
    """The currency the company sells in."""
    with cursor_for(1) as cursor:
        cursor.execute("SELECT currency FROM company_brand ORDER BY id LIMIT 1")
        row = cursor.fetchone()
    return str(row[0]) if row and row[0] else "USD"
