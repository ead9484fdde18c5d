"""The snapshot `customers`: profiles without names or addresses."""

from regulars.insight.lake.fact import Fact, facts

facts.add("customers")(
    Fact(
        name="customers",
        source="customers_customer",
        rows="""
            SELECT id, birth_year, gender, occupation, home_store_id,
                   (known_since AT TIME ZONE %(zone)s)::date AS known_on
            FROM customers_customer
        """,
        columns={
            "id": "int64",
            "birth_year": "int32",
            "gender": "string",
            "occupation": "string",
            "home_store_id": "int64",
            "known_on": "date",
        },
        day="",
    )
)
