"""The fact `signals`: every piece of feedback, by whichever method."""

from regulars.insight.lake.fact import Fact, facts

facts.add("signals")(
    Fact(
        name="signals",
        source="feedback_signal",
        rows="""
            SELECT id, method, channel, touchpoint_id, store_id, served_by_id, customer_id, survey_id,
                   (at AT TIME ZONE %(zone)s)::date AS day, at AT TIME ZONE 'UTC' AS at,
                   measure, native_score, share, is_unhappy, sample
            FROM feedback_signal WHERE NOT is_set_aside
        """,
        columns={
            "id": "int64",
            "method": "string",
            "channel": "string",
            "touchpoint_id": "int64",
            "store_id": "int64",
            "served_by_id": "int64",
            "customer_id": "int64",
            "survey_id": "int64",
            "day": "date",
            "at": "timestamp",
            "measure": "string",
            "native_score": "float64",
            "share": "float64",
            "is_unhappy": "boolean",
            "sample": "boolean",
        },
        group="feedback",
    )
)
