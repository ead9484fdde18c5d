"""The metric `nps_trend`: the Net Promoter Score week by week, with n and interval."""

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.nps import NpsCounts, score_of_counts
from regulars.insight.metrics import Metric, Rows, Tables, between, metrics, of_stores, week_of
from regulars.insight.rules.scope import Scope


@metrics.add("nps_trend")
class NpsTrend(Metric):
    """The Net Promoter Score of each week, with its answers and its 95 % interval."""

    title: ClassVar[Any] = _("NPS by week")
    facts: ClassVar[tuple[str, ...]] = ("signals",)
    revision: ClassVar[int] = 2

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        signals = of_stores(between(lake["signals"], scope.trend_from, scope.to_on), scope)
        rated = signals.filter(signals.measure == "nps", signals.native_score.notnull())
        score = rated.native_score
        return (
            rated.group_by(week=week_of(rated.day))
            .agg(
                detractors=(score <= 6).cast("int64").sum(),
                passives=((score > 6) & (score <= 8)).cast("int64").sum(),
                promoters=(score > 8).cast("int64").sum(),
                samples=rated["sample"].cast("int64").sum(),
            )
            .order_by("week")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        counts = {
            row["week"]: NpsCounts(row["detractors"], row["passives"], row["promoters"])
            for row in rows
        }
        return {
            "weeks": [
                {"week": week.isoformat(), "score": _score(counts.get(week))}
                for week in scope.weeks
            ],
            "samples": sum(row["samples"] for row in rows),
        }


def _score(counts: NpsCounts | None) -> dict[str, Any] | None:
    score = score_of_counts(counts) if counts else None
    return asdict(score.told(None)) if score else None
