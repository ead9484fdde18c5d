"""The snapshot `rfm`: the RFM scores of everybody who bought, by leading record."""

from regulars.insight.lake.fact import Fact, facts

facts.add("rfm")(
    Fact(
        name="rfm",
        source="insight_customerrfm",
        rows="""SELECT customer_id AS id, segment AS rfm_segment, r AS rfm_r, f AS rfm_f, m AS rfm_m
            FROM insight_customerrfm""",
        columns={
            "id": "int64",
            "rfm_segment": "string",
            "rfm_r": "int64",
            "rfm_f": "int64",
            "rfm_m": "int64",
        },
        day="",
        group="people",
    )
)
