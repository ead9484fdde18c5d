"""The metric `nps_by_store_week`: the Net Promoter Score of each store in each week."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.nps import NpsCounts, score_of_counts
from regulars.insight.metrics import Metric, Rows, Tables, between, metrics, of_stores, week_of
from regulars.insight.rules.scope import Scope


@metrics.add("nps_by_store_week")
class NpsByStoreWeek(Metric):
    """The Net Promoter Score of each store and week of the period, with n and 95 % interval."""

    title: ClassVar[Any] = _("NPS by store and week")
    facts: ClassVar[tuple[str, ...]] = ("signals",)

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        signals = of_stores(between(lake["signals"], scope.from_on, scope.to_on), scope)
        rated = signals.filter(signals.measure == "nps", signals.native_score.notnull())
        score = rated.native_score
        return (
            rated.group_by(store=rated.store_id.coalesce(0), week=week_of(rated.day))
            .agg(
                detractors=(score <= 6).cast("int64").sum(),
                passives=((score > 6) & (score <= 8)).cast("int64").sum(),
                promoters=(score > 8).cast("int64").sum(),
            )
            .order_by("store", "week")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        return {
            "rows": [
                {
                    "store_id": row["store"] or None,
                    "week": row["week"].isoformat(),
                    "score": _score(row),
                }
                for row in rows
            ]
        }


def _score(row: Any) -> dict[str, Any] | None:
    counts = NpsCounts(row["detractors"], row["passives"], row["promoters"])
    score = score_of_counts(counts)
    return score.told(None).figures if score else None
