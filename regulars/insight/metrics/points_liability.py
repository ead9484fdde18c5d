"""The metric `points_liability`: points issued, redeemed and open by month, and their worth."""

from collections import defaultdict
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import Metric, Rows, Tables, metrics
from regulars.insight.rules.scope import Scope

MONTHS_SHOWN = 13


@metrics.add("points_liability")
class PointsLiability(Metric):
    """What members may still spend, in money, with what came in and went out each month.

    Balances are sums of the ledger's transfers up to the last day asked for; stores set no limit,
    because points are a debt of the company. Amounts are of points alone; the worth includes
    cashback money, and is at today's rate of each unit, in minor units.
    """

    title: ClassVar[Any] = _("Points liability")
    facts: ClassVar[tuple[str, ...]] = ("transfers", "units")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        moved = lake["transfers"].filter(lake["transfers"].day <= scope.to_on)
        units = lake["units"].filter(lake["units"].kind != "qualifying")
        joined = moved.join(
            units.select("kind", "worth_minor", "worth_points", unit_id=units.id), "unit_id"
        )
        return (
            joined.group_by(
                "unit_id",
                "kind",
                "worth_minor",
                "worth_points",
                "pot",
                month=joined.day.truncate("M").cast("date"),
            )
            .agg(amount=joined.amount.sum())
            .order_by("month", "unit_id", "pot")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        months = sorted({row["month"] for row in rows})
        open_units: dict[int, int] = defaultdict(int)
        worths = {row["unit_id"]: (row["worth_minor"], row["worth_points"]) for row in rows}
        points = {row["unit_id"] for row in rows if row["kind"] == "spendable"}
        table = []
        for month in months:
            here = [row for row in rows if row["month"] == month]
            for row in here:
                open_units[row["unit_id"]] += row["amount"]
            table.append(
                {
                    "month": month.isoformat(),
                    **_moved([row for row in here if row["kind"] == "spendable"]),
                    "open": sum(open_units[unit] for unit in points),
                    "worth_minor": sum(
                        amount * worths[unit][0] // worths[unit][1]
                        for unit, amount in open_units.items()
                    ),
                }
            )
        return {"months": table[-MONTHS_SHOWN:]}


def _moved(rows: Rows) -> dict[str, int]:
    """What one month's transfers came to, pot by pot; what leaves the members counts positive."""
    pots: dict[str, int] = defaultdict(int)
    for row in rows:
        pots[row["pot"]] += row["amount"]
    return {
        "issued": pots["issued"] + pots["partner"],
        "redeemed": -pots["redeemed"],
        "expired": -pots["expired"],
        "reversed": -pots["reversed"],
        "adjusted": pots["adjusted"],
    }
