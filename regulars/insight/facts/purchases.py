"""The fact `purchases`: receipts that were not voided."""

from regulars.insight.lake.fact import Fact, facts

facts.add("purchases")(
    Fact(
        name="purchases",
        source="customers_purchase",
        rows="""
            SELECT id, customer_id, store_id, (bought_at AT TIME ZONE %(zone)s)::date AS day,
                   bought_at AT TIME ZONE 'UTC' AS at, source, total_minor, discount_minor
            FROM customers_purchase WHERE voided_at IS NULL
        """,
        columns={
            "id": "int64",
            "customer_id": "int64",
            "store_id": "int64",
            "day": "date",
            "at": "timestamp",
            "source": "string",
            "total_minor": "int64",
            "discount_minor": "int64",
        },
    )
)
