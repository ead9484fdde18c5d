"""The fact `accruals`: purchases on the books of a loyalty program, so sales to its members."""

from regulars.insight.lake.fact import Fact, facts

facts.add("accruals")(
    Fact(
        name="accruals",
        source="loyalty_accrual",
        rows="""
            SELECT posted.id, posted.program_id, posted.purchase_id, posted.member_id,
                   member.customer_id, (posted.at AT TIME ZONE %(zone)s)::date AS day
            FROM loyalty_accrual posted JOIN loyalty_member member ON member.id = posted.member_id
        """,
        columns={
            "id": "int64",
            "program_id": "int64",
            "purchase_id": "int64",
            "member_id": "int64",
            "customer_id": "int64",
            "day": "date",
        },
    )
)
