"""The snapshot `agents`: teams of those who serve customers. Names stay out of the lake."""

from regulars.insight.lake.fact import Fact, facts

facts.add("agents")(
    Fact(
        name="agents",
        source="company_agent",
        rows="SELECT id, team FROM company_agent",
        columns={"id": "int64", "team": "string"},
        day="",
    )
)
