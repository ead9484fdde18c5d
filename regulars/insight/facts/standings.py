"""The snapshot `standings`: members of loyalty programs with their tier, points and joining."""

from regulars.insight.lake.fact import Fact, facts

facts.add("standings")(
    Fact(
        name="standings",
        source="loyalty_member",
        rows="""
            SELECT member.id, member.customer_id, tier.code AS tier,
                   member.joined_at AT TIME ZONE 'UTC' AS joined_at,
                   coalesce((SELECT sum(account.balance) FROM loyalty_account account
                       JOIN loyalty_unit unit ON unit.id = account.unit_id
                       WHERE account.member_id = member.id AND unit.kind = 'spendable'), 0)::bigint
                       AS points
            FROM loyalty_member member LEFT JOIN loyalty_tier tier ON tier.id = member.tier_id
        """,
        columns={
            "id": "int64",
            "customer_id": "int64",
            "tier": "string",
            "joined_at": "timestamp",
            "points": "int64",
        },
        day="",
        group="people",
    )
)
