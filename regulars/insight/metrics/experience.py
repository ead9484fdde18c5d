"""The metric `experience`: NPS, CSAT and CES of a period beside the period before."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.nps import NpsCounts, count_ratings, nps_compare, score_of_counts
from regulars.feedback.rules.proportions import share_score
from regulars.insight.metrics import Metric, Rows, Tables, between, metrics, of_stores
from regulars.insight.rules.changes import share_change
from regulars.insight.rules.scope import Scope

CSAT_TOP_MIN = 4


@metrics.add("experience")
class Experience(Metric):
    """How customers rate the company now, and whether that changed."""

    title: ClassVar[Any] = _("Scores now and before")
    facts: ClassVar[tuple[str, ...]] = ("signals",)
    revision: ClassVar[int] = 2

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        signals = of_stores(between(lake["signals"], scope.before.from_on, scope.to_on), scope)
        scored = signals.filter(
            signals.measure.isin(("nps", "csat")), signals.native_score.notnull()
        )
        return (
            scored.group_by(
                "measure", is_now=scored.day >= scope.from_on, score=scored.native_score
            )
            .agg(answers=scored.count(), samples=scored["sample"].cast("int64").sum())
            .order_by("measure", "is_now", "score")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        samples = sum(row["samples"] for row in rows if row["is_now"])
        return {"nps": _nps(rows), "csat": _csat(rows), "samples": samples}


def _repeated(rows: Rows, measure: str, *, is_now: bool) -> list[float]:
    return [
        row["score"]
        for row in rows
        if row["measure"] == measure and row["is_now"] == is_now
        for _ in range(row["answers"])
    ]


def _nps(rows: Rows) -> dict[str, Any]:
    now, before = (count_ratings(_repeated(rows, "nps", is_now=when)) for when in (True, False))
    score = score_of_counts(now)
    return {
        "score": asdict(score.told(None)) if score else None,
        "counts": [now.detractors, now.passives, now.promoters],
        "change": _nps_change(now, before),
    }


def _nps_change(now: NpsCounts, before: NpsCounts) -> dict[str, Any] | None:
    if not now.total or not before.total:
        return None
    compared = nps_compare(now, before)
    return {
        "value": now.points - before.points,
        "is_evident": compared.p_value is not None and compared.p_value < 0.05,
        "answers_before": round(before.total),
    }


def _csat(rows: Rows) -> dict[str, Any]:
    tops: dict[bool, tuple[int, int]] = {}
    for when in (True, False):
        ratings = _repeated(rows, "csat", is_now=when)
        tops[when] = sum(rating >= CSAT_TOP_MIN for rating in ratings), len(ratings)
    score = share_score(*tops[True])
    change = share_change(tops[False], tops[True]) if tops[False][1] and tops[True][1] else None
    return {
        "score": asdict(score.told(None)) if score else None,
        "change": change
        and {
            "value": change.value,
            "is_evident": change.is_evident,
            "answers_before": tops[False][1],
        },
    }
