"""Acts from timelines, as rules may see them: without what was said in them."""

from collections.abc import Collection

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.rules.sales import Act


def acts_of(entry_ids: Collection[int]) -> dict[int, Act]:
    """These entries of timelines as acts; the entry's own words and scores are never read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, customer_id, at FROM customers_timelineentry"
            " WHERE id = ANY(%s::bigint[]) ORDER BY at, id",
            [int_array(entry_ids)],
        )
        return {row[0]: Act(*row[1:]) for row in cursor.fetchall()}
