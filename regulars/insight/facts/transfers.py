"""The fact `transfers`: points moved between members and the pots of their program.

`pot` is the pot at the other end; `amount` is positive towards the member, negative away. What moves
between members of merged records is left out: it changes nothing of what the company owes.
"""

from regulars.insight.lake.fact import Fact, facts

facts.add("transfers")(
    Fact(
        name="transfers",
        source="loyalty_transfer",
        rows="""
            SELECT moved.id, source.unit_id, coalesce(source.member_id, target.member_id) AS member_id,
                   CASE WHEN source.member_id IS NULL THEN source.pot ELSE target.pot END AS pot,
                   CASE WHEN source.member_id IS NULL THEN moved.amount ELSE -moved.amount END AS amount,
                   (moved.at AT TIME ZONE %(zone)s)::date AS day
            FROM loyalty_transfer moved
            JOIN loyalty_account source ON source.id = moved.source_id
            JOIN loyalty_account target ON target.id = moved.target_id
            WHERE source.member_id IS NULL OR target.member_id IS NULL
        """,
        columns={
            "id": "int64",
            "unit_id": "int64",
            "member_id": "int64",
            "pot": "string",
            "amount": "int64",
            "day": "date",
        },
    )
)
