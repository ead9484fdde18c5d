"""Metrics: each file is one question about the business.

A metric is one Ibis expression over facts of the lake, which any engine runs, and a pure function
that makes the answer of the expression's few rows.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from regulars.core.registry import Registry
from regulars.insight.rules.scope import Scope

Tables = Mapping[str, Any]
"""Unbound Ibis tables of the facts, by name."""

Rows = Sequence[Mapping[str, Any]]


class Metric(BaseModel):
    """A kind of metric: its fields are its settings.

    `facts` names the facts that `expression` reads; results are kept until one of them changes.
    `revision` goes up when the metric's own code changes what it answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[Any] = ""
    facts: ClassVar[tuple[str, ...]] = ()
    revision: ClassVar[int] = 1

    def expression(self, lake: Tables, scope: Scope) -> Any:
        """The Ibis expression, in a stated order of rows, the same on every engine."""
        raise NotImplementedError

    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        """The answer as plain JSON values, from the rows of the expression."""
        raise NotImplementedError


metrics: Registry[type[Metric]] = Registry("metrics", package="regulars.insight.metrics")


def between(table: Any, from_on: date, to_on: date) -> Any:
    """The rows of these days, the last included."""
    return table.filter(table.day >= from_on, table.day <= to_on)


def of_stores(table: Any, scope: Scope) -> Any:
    """The rows of the stores that count."""
    return table if scope.store_ids is None else table.filter(table.store_id.isin(scope.store_ids))


def by_person(table: Any, lake: Tables) -> Any:
    """The rows with the leading record of each person as their `customer_id`.

    Facts keep the record they came in by; needs the fact `persons`.
    """
    merged = lake["persons"].select(record_id="customer_id", person_id="person_id")
    joined = table.left_join(merged, table.customer_id == merged.record_id)
    person = joined.person_id.coalesce(joined.customer_id)
    return joined.mutate(customer_id=person).drop("record_id", "person_id")


def tiers_by_person(lake: Tables) -> Any:
    """The tier of every member, by person. Columns: member, tier; needs `standings` and `persons`."""
    rows = by_person(lake["standings"], lake)
    return rows.group_by(member=rows.customer_id).agg(tier=rows.tier.max())


def week_of(day: Any) -> Any:
    """The Monday of each day's week."""
    return day.truncate("W").cast("date")


def money_rows(lake: Tables, from_on: date, scope: Scope) -> Any:
    """Purchases and, below zero, returns on the day they came back.

    Columns: purchase_id, customer_id, store_id, day, money_minor, receipts (1 for a purchase).
    """
    sold, back = (
        of_stores(between(lake[name], from_on, scope.to_on), scope)
        for name in ("purchases", "returns")
    )
    return sold.select(
        "customer_id",
        "store_id",
        "day",
        purchase_id=sold.id,
        money_minor=sold.total_minor,
        receipts=1,
    ).union(
        back.select(
            "customer_id",
            "store_id",
            "day",
            purchase_id=back.purchase_id,
            money_minor=-back.total_minor,
            receipts=0,
        )
    )
