"""Stores."""

from collections.abc import Iterable

from django.db import connection

from regulars.core.sql import text_array


def add_bare_stores(codes: Iterable[str]) -> None:
    """Stores with nothing but their code, for receipts that name them before anybody described them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO company_store (code, name, name_ru, kind, city, city_ru, address, timezone)
            SELECT code, code, '', 'shop', '', '', '', '' FROM unnest(%s::text[]) AS given (code)
            ON CONFLICT (code) DO NOTHING""",
            [text_array(sorted(codes))],
        )
