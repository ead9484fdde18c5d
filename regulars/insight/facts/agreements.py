"""The snapshot `agreements`: what each person agrees to and refuses, as of the export.

A yes that expires later touches its customer then, so that sizes and segments ask the database.
"""

from regulars.customers.queries.agreements import agreements
from regulars.insight.lake.fact import Fact, facts

EVERYBODY = """SELECT coalesce(merged_into_id, id), id FROM customers_customer
    WHERE withdrawn_at IS NULL"""

facts.add("agreements")(
    Fact(
        name="agreements",
        source="customers_consent",
        rows=f"""SELECT lead_id AS id, agreed, refused
            FROM ({agreements(scope=EVERYBODY, now="now()")}) said""",
        columns={"id": "int64", "agreed": "string", "refused": "string"},
        day="",
        group="people",
    )
)
