"""The snapshot `members`: persons in programs, with their tier."""

from regulars.insight.lake.fact import Fact, facts

facts.add("members")(
    Fact(
        name="members",
        source="loyalty_member",
        rows="""
            SELECT id, program_id, customer_id, tier_id,
                   (joined_at AT TIME ZONE %(zone)s)::date AS joined_on
            FROM loyalty_member WHERE led_by_id IS NULL
        """,
        columns={
            "id": "int64",
            "program_id": "int64",
            "customer_id": "int64",
            "tier_id": "int64",
            "joined_on": "date",
        },
        day="",
    )
)
