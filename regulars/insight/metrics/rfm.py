"""The metric `rfm`: customers by recency, frequency and money, in named segments."""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.insight.metrics import Metric, Rows, Tables, by_person, metrics, money_rows
from regulars.insight.rules.rfm import HISTORY_DAYS, SEGMENTS
from regulars.insight.rules.scope import Scope


@metrics.add("rfm")
class Rfm(Metric):
    """How many customers each RFM segment has on the last day asked for, and what they spent.

    The scores are those of `rules.rfm`: quintiles over the customers who bought in two years.
    """

    title: ClassVar[Any] = _("RFM segments")
    facts: ClassVar[tuple[str, ...]] = ("purchases", "returns", "persons")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        scores = rfm_scores(lake, scope)
        return (
            scores.group_by("segment")
            .agg(
                customers=scores.count(),
                money_minor=scores.monetary_minor.sum(),
                purchases=scores.frequency.sum(),
                recency_days=scores.recency_days.sum(),
            )
            .order_by("segment")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        known = {row["segment"]: dict(row) for row in rows}
        nobody = {"customers": 0, "money_minor": 0, "purchases": 0, "recency_days": 0}
        return {
            "segments": [{**nobody, "segment": name, **known.get(name, {})} for name in SEGMENTS]
        }


def rfm_scores(lake: Tables, scope: Scope) -> Any:
    """One row for each person who bought: figures, quintiles and segment, by leading record."""
    since = scope.to_on - timedelta(days=HISTORY_DAYS)
    money = money_rows(lake, since, scope)
    known = by_person(money.filter(money.customer_id.notnull()), lake)
    bought = known.filter(known.receipts > 0)
    last = bought.group_by("customer_id").agg(last_on=bought.day.max())
    sums = known.group_by("customer_id").agg(
        frequency=known.receipts.sum(), monetary_minor=known.money_minor.sum()
    )
    buyers = last.join(sums, "customer_id")
    return _with_segment(_with_quintiles(buyers), scope).order_by("customer_id")


def _with_quintiles(buyers: Any) -> Any:
    import ibis  # slow, and not needed where results are kept

    def quintile(*order: Any) -> Any:
        return (ibis.ntile(5).over(ibis.window(order_by=[*order, buyers.customer_id])) + 1).cast(
            "int64"
        )

    return buyers.mutate(
        r=quintile(buyers.last_on),
        f=quintile(buyers.frequency),
        m=quintile(buyers.monetary_minor),
    )


def _with_segment(buyers: Any, scope: Scope) -> Any:
    import ibis  # slow, and not needed where results are kept

    cells = (
        (buyers.r.between(r1, r2) & buyers.f.between(f1, f2), name)
        for name, rectangles in SEGMENTS.items()
        for r1, r2, f1, f2 in rectangles
    )
    recency = ibis.literal(scope.to_on).delta(buyers.last_on, unit="day")
    return buyers.mutate(recency_days=recency.cast("int64"), segment=ibis.cases(*cells, else_=""))
