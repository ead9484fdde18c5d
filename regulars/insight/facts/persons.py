"""The snapshot `persons`: records of customers that are merged, with the record that leads.

A record that is not listed is a person of its own. All other facts keep the record they came in
by, so that neither a merge nor taking it back has any month written again.
"""

from regulars.insight.lake.fact import Fact, facts

facts.add("persons")(
    Fact(
        name="persons",
        source="customers_customer",
        rows="""
            SELECT id, id AS customer_id, merged_into_id AS person_id
            FROM customers_customer WHERE merged_into_id IS NOT NULL
        """,
        columns={"id": "int64", "customer_id": "int64", "person_id": "int64"},
        day="",
    )
)
