"""The metric `sales_members_vs_others`: sales by week, to members of a program and to others."""

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import Metric, Rows, Tables, metrics, money_rows, week_of
from regulars.insight.rules.scope import Scope


@metrics.add("sales_members_vs_others")
class SalesMembersVsOthers(Metric):
    """Sales net of returns by week; a purchase on the books of a program is a member's.

    Money is in minor units. A return counts in the week in which the goods came back.
    """

    title: ClassVar[Any] = _("Sales: members and others")
    facts: ClassVar[tuple[str, ...]] = ("purchases", "returns", "accruals")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        money = money_rows(lake, scope.trend_from, scope)
        posted = lake["accruals"].select(posted_id="purchase_id").distinct()
        joined = money.left_join(posted, money.purchase_id == posted.posted_id)
        return (
            joined.group_by(week=week_of(joined.day), is_member=joined.posted_id.notnull())
            .agg(money_minor=joined.money_minor.sum(), receipts=joined.receipts.sum())
            .order_by("week", "is_member")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        known = {(row["week"], row["is_member"]): row for row in rows}

        def one(week: Any, *, is_member: bool) -> dict[str, int]:
            row = known.get((week, is_member), {"money_minor": 0, "receipts": 0})
            return {"money_minor": row["money_minor"], "receipts": row["receipts"]}

        return {
            "weeks": [
                {
                    "week": week.isoformat(),
                    "members": one(week, is_member=True),
                    "others": one(week, is_member=False),
                }
                for week in scope.weeks
            ]
        }
