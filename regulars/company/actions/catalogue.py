"""Products and their category tree."""

from collections.abc import Iterable

from django.db import connection

from regulars.core.sql import text_array


def add_bare_products(skus: Iterable[str]) -> None:
    """Products with nothing but their number, for receipts that name them before any catalogue.

    Inserted in order, so that concurrent batches wait for each other and never deadlock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_product (sku, name, maker, size)
            SELECT sku, sku, '', '' FROM unnest(%s::text[]) AS given (sku)
            ON CONFLICT (sku) DO NOTHING""",
            [text_array(sorted(skus))],
        )
