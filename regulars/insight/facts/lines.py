"""The fact `lines`: products on receipts, with the customer, store and day of their receipt."""

from regulars.insight.lake.fact import Fact, facts

facts.add("lines")(
    Fact(
        name="lines",
        source="customers_line",
        rows="""
            SELECT line.id, line.purchase_id, line.product_id, receipt.customer_id,
                   receipt.store_id, (receipt.bought_at AT TIME ZONE %(zone)s)::date AS day,
                   receipt.bought_at AT TIME ZONE 'UTC' AS at, line.quantity_milli, line.total_minor, line.discount_minor
            FROM customers_line line
            JOIN customers_purchase receipt ON receipt.id = line.purchase_id
            WHERE receipt.voided_at IS NULL
        """,
        columns={
            "id": "int64",
            "purchase_id": "int64",
            "product_id": "int64",
            "customer_id": "int64",
            "store_id": "int64",
            "day": "date",
            "at": "timestamp",
            "quantity_milli": "int64",
            "total_minor": "int64",
            "discount_minor": "int64",
        },
    )
)
