"""Recorded purchases as the rules see them."""

import json
from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.rules.sales import Sale, SaleLine, Tender


def sales_of(purchase_ids: Sequence[int], *, with_lines: bool = True) -> list[Sale]:
    """The sales of these purchases, of known customers only, in the order given; 2 statements.

    Without lines the second statement is saved, which is enough where no rule looks at products.
    """
    found = _heads(purchase_ids)
    lines = lines_of(list(found)) if with_lines and found else {}
    return [
        found[bought]._replace(lines=tuple(lines.get(bought, ())))
        for bought in purchase_ids
        if bought in found
    ]


def _heads(purchase_ids: Sequence[int]) -> dict[int, Sale]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.id, p.customer_id, p.bought_at, p.total_minor, p.discount_minor,
                   coalesce(s.code, ''), p.tenders
            FROM customers_purchase p LEFT JOIN company_store s ON s.id = p.store_id
            WHERE p.id = ANY(%s::bigint[]) AND p.customer_id IS NOT NULL AND p.voided_at IS NULL
            """,
            [int_array(purchase_ids)],
        )
        return {
            row[0]: Sale(
                row[0], row[1], row[2], row[3], row[4], (), row[5], tenders=tenders_of(row[6])
            )
            for row in cursor.fetchall()
        }


def tenders_of(kept: str | None) -> tuple[Tender, ...]:
    """The means of payment of a purchase, from how they are kept."""
    return tuple(Tender(*one) for one in json.loads(kept).items()) if kept else ()


def lines_of(purchase_ids: Sequence[int]) -> dict[int, list[SaleLine]]:
    """By purchase the lines of these purchases, in their order; 1 statement."""
    lines: dict[int, list[SaleLine]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT l.purchase_id, coalesce(p.sku, ''), coalesce(c.path, ''), l.quantity_milli,
                   l.total_minor, l.discount_minor
            FROM customers_line l
            LEFT JOIN company_product p ON p.id = l.product_id
            LEFT JOIN company_category c ON c.id = p.category_id
            WHERE l.purchase_id = ANY(%s::bigint[])
            ORDER BY l.purchase_id, l.position
            """,
            [int_array(purchase_ids)],
        )
        for row in cursor.fetchall():
            lines[row[0]].append(SaleLine(*row[1:]))
    return lines
