"""The metric `active_members`: members who bought, by week and in the period."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import (
    Metric,
    Rows,
    Tables,
    between,
    by_person,
    metrics,
    of_stores,
    week_of,
)
from regulars.insight.rules.scope import Scope


@metrics.add("active_members")
class ActiveMembers(Metric):
    """Members with at least one purchase on the books of a program; each counts once."""

    title: ClassVar[Any] = _("Active members")
    facts: ClassVar[tuple[str, ...]] = ("accruals", "purchases", "persons")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        since = min(scope.trend_from, scope.before.from_on)
        bought = of_stores(between(lake["purchases"], since, scope.to_on), scope)
        accruals = by_person(lake["accruals"].select("purchase_id", "customer_id"), lake)
        visits = bought.select("day", purchase_id=bought.id).join(accruals, "purchase_id")
        now = between(visits, scope.from_on, scope.to_on)
        before = between(visits, scope.before.from_on, scope.before.to_on)
        trend = between(visits, scope.trend_from, scope.to_on)
        weeks = trend.group_by(bucket=week_of(trend.day).strftime("%Y-%m-%d")).agg(
            members=trend.customer_id.nunique()
        )
        return _count(now, "now").union(_count(before, "before"), weeks).order_by("bucket")

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        members = {row["bucket"]: row["members"] for row in rows}
        return {
            "now": members.get("now", 0),
            "before": members.get("before", 0),
            "weeks": [
                {"week": week.isoformat(), "members": members.get(week.isoformat(), 0)}
                for week in scope.weeks
            ],
        }


def _count(visits: Any, bucket: str) -> Any:
    import ibis  # slow, and not needed where results are kept

    return visits.group_by(bucket=ibis.literal(bucket)).agg(members=visits.customer_id.nunique())
