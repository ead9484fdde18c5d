"""The metric `csat_trend`: the share of satisfied answers week by week, with n and interval."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.proportions import share_score
from regulars.insight.metrics import Metric, Rows, Tables, between, metrics, of_stores, week_of
from regulars.insight.rules.scope import Scope

TOP_MIN = 4


@metrics.add("csat_trend")
class CsatTrend(Metric):
    """The share of ratings of 4 and 5 in each week, with its answers and its 95 % interval."""

    title: ClassVar[Any] = _("CSAT by week")
    facts: ClassVar[tuple[str, ...]] = ("signals",)
    revision: ClassVar[int] = 2

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        signals = of_stores(between(lake["signals"], scope.trend_from, scope.to_on), scope)
        rated = signals.filter(signals.measure == "csat", signals.native_score.notnull())
        return (
            rated.group_by(week=week_of(rated.day))
            .agg(
                satisfied=(rated.native_score >= TOP_MIN).cast("int64").sum(),
                answers=rated.count(),
                samples=rated["sample"].cast("int64").sum(),
            )
            .order_by("week")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        by_week = {row["week"]: share_score(row["satisfied"], row["answers"]) for row in rows}
        known = {week: asdict(score.told(None)) for week, score in by_week.items() if score}
        return {
            "weeks": [{"week": week.isoformat(), "score": known.get(week)} for week in scope.weeks],
            "samples": sum(row["samples"] for row in rows),
        }
