"""The fact `returns`: goods that came back, line by line, on the day they came."""

from regulars.insight.lake.fact import Fact, facts

facts.add("returns")(
    Fact(
        name="returns",
        source="customers_returnline",
        rows="""
            SELECT back.id, back.goods_return_id AS return_id, sold.purchase_id, sold.product_id,
                   receipt.customer_id, coalesce(goods.store_id, receipt.store_id) AS store_id,
                   (goods.returned_at AT TIME ZONE %(zone)s)::date AS day,
                   back.quantity_milli, back.total_minor
            FROM customers_returnline back
            JOIN customers_return goods ON goods.id = back.goods_return_id
            JOIN customers_line sold ON sold.id = back.line_id
            JOIN customers_purchase receipt ON receipt.id = sold.purchase_id
            WHERE receipt.voided_at IS NULL
        """,
        columns={
            "id": "int64",
            "return_id": "int64",
            "purchase_id": "int64",
            "product_id": "int64",
            "customer_id": "int64",
            "store_id": "int64",
            "day": "date",
            "quantity_milli": "int64",
            "total_minor": "int64",
        },
    )
)
