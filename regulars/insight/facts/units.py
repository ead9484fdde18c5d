"""The snapshot `units`: what accounts hold, and what it is worth in money."""

from regulars.insight.lake.fact import Fact, facts

facts.add("units")(
    Fact(
        name="units",
        source="loyalty_unit",
        rows="""
            SELECT id, program_id, code, name, coalesce(nullif(name_ru, ''), name) AS name_ru,
                   kind, worth_minor, worth_points
            FROM loyalty_unit
        """,
        columns={
            "id": "int64",
            "program_id": "int64",
            "code": "string",
            "name": "string",
            "name_ru": "string",
            "kind": "string",
            "worth_minor": "int64",
            "worth_points": "int64",
        },
        day="",
    )
)
