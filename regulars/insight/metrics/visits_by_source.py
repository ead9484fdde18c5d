"""The metric `visits_by_source`: visits by what led to them, and who bought within seven days."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar

import ibis
from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.customers.queries.visits import SAMPLE_SOURCE
from regulars.feedback.rules.proportions import share_score
from regulars.insight.metrics import Metric, Rows, Tables, between, by_person, metrics, of_stores
from regulars.insight.rules.scope import Scope

DAYS = 7


@metrics.add("visits_by_source")
class VisitsBySource(Metric):
    """Visits and visitors by what led to them, and the share of visitors who then bought.

    A visit has the source of its first event. Of each person the first visit of the period by a
    source counts; `bought` are those with a purchase after it and at most seven days later, anywhere
    or in the stores asked about. Only people whose seven days are over within the period are in
    `due`, the n of the share; its interval is Wilson's, 95 %.
    """

    title: ClassVar[Any] = _("Visits by source")
    facts: ClassVar[tuple[str, ...]] = ("tracked_events", "purchases", "persons")

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        visits = _visits(lake, scope)
        counted = visits.group_by("came_from", "led_by").agg(
            visits=visits.count(),
            visitors=visits.customer_id.nunique(),
            samples=visits.is_sample.cast("int64").sum(),
        )
        bought = _bought(visits, lake, scope)
        joined = counted.left_join(
            bought, [counted.came_from == bought.known_from, counted.led_by == bought.known_by]
        )
        return joined.select(
            "came_from",
            "led_by",
            "visits",
            "visitors",
            "samples",
            due=joined.due.coalesce(0),
            bought=joined.bought.coalesce(0),
        ).order_by("came_from", "led_by")

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        sources = []
        for row in sorted(rows, key=lambda row: (-row["visits"], row["came_from"], row["led_by"])):
            score = share_score(row["bought"], row["due"])
            sources.append({**row, "score": asdict(score) if score else None})
        return {"sources": sources, "samples": sum(row["samples"] for row in rows)}


def _visits(lake: Tables, scope: Scope) -> Any:
    """One row for each visit of the period: its first event, by person."""
    events = between(lake["tracked_events"], scope.from_on, scope.to_on)
    seen = by_person(events.filter(events.opens_visit, events.customer_id.notnull()), lake)
    order = ibis.window(group_by=("customer_id", "visit"), order_by=("at", "id"))
    placed = seen.mutate(place=ibis.row_number().over(order))
    first = placed.filter(placed.place == 0)
    led_by = ibis.cases((first.campaign_source != "", first.campaign_source), else_=first.referrer)
    return first.select(
        "id",
        "customer_id",
        "at",
        "day",
        "came_from",
        led_by=ibis.cases((first.came_from == "direct", ""), else_=led_by),
        is_sample=first.source == SAMPLE_SOURCE,
    )


def _bought(visits: Any, lake: Tables, scope: Scope) -> Any:
    """By source: people whose seven days are over, and those of them who bought in these."""
    due = visits.filter(visits.day <= scope.to_on - timedelta(days=DAYS))
    order = ibis.window(group_by=("customer_id", "came_from", "led_by"), order_by=("at", "id"))
    placed = due.mutate(place=ibis.row_number().over(order))
    firsts = placed.filter(placed.place == 0)
    sold = of_stores(between(lake["purchases"], scope.from_on, scope.to_on), scope)
    sold = by_person(sold.filter(sold.customer_id.notnull()), lake)
    buyers = sold.select(buyer_id="customer_id", bought_at="at", bought_on="day")
    joined = firsts.left_join(
        buyers,
        [
            firsts.customer_id == buyers.buyer_id,
            buyers.bought_at >= firsts.at,
            buyers.bought_on.epoch_days() - firsts.day.epoch_days() <= DAYS,
        ],
    )
    return joined.group_by(known_from=joined.came_from, known_by=joined.led_by).agg(
        due=joined.customer_id.nunique(), bought=joined.buyer_id.nunique()
    )
