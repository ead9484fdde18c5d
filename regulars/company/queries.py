"""Reads of the company: brand, stores, products, employees."""

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import text_array


class KnownProduct(NamedTuple):
    """What rules need to know of a product; the category is its path, empty where unknown."""

    id: int
    sku: str
    category: str
    maker: str


def products_by_sku(skus: Iterable[str]) -> dict[str, KnownProduct]:
    """The known products among these numbers, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT product.id, product.sku, coalesce(category.path, ''), product.maker
            FROM unnest(%s::text[]) AS given (sku)
            JOIN company_product product ON product.sku = given.sku
            LEFT JOIN company_category category ON category.id = product.category_id""",
            [text_array(skus)],
        )
        return {row[1]: KnownProduct._make(row) for row in cursor.fetchall()}


def stores_by_code(codes: Iterable[str]) -> dict[str, int]:
    """Ids of the known stores among these codes, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, id FROM company_store WHERE code = ANY(%s::text[])", [text_array(codes)]
        )
        return dict(cursor.fetchall())
