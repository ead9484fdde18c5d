"""The snapshot `profiles`: every person with what conditions ask of a profile; no contact data.

`traits` are notes of what programs said of a person in words of their own (`core.conditions.notes`).

A row for each leading record, `id`; records that are merged or withdrawn are not in it.
"""

from regulars.customers.known.profiles import PROFILE_COLUMNS
from regulars.insight.lake.fact import Fact, facts

facts.add("profiles")(
    Fact(
        name="profiles",
        source="customers_customer",
        rows=f"""
            SELECT customer.id, profile.*
            FROM customers_customer customer
            LEFT JOIN company_store home ON home.id = customer.home_store_id
            CROSS JOIN LATERAL (SELECT {PROFILE_COLUMNS}) profile
            WHERE customer.merged_into_id IS NULL AND customer.withdrawn_at IS NULL
        """.replace(
            "customer.known_since,", "customer.known_since AT TIME ZONE 'UTC' AS known_since,"
        ),
        columns={
            "id": "int64",
            "name_known": "boolean",
            "email_known": "boolean",
            "phone_known": "boolean",
            "gender": "string",
            "birth_year": "int64",
            "language": "string",
            "occupation": "string",
            "city": "string",
            "home_store": "string",
            "known_since": "timestamp",
            "bucket": "int64",
            "traits": "string",
        },
        day="",
        group="people",
    )
)
