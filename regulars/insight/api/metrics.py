"""Operations on metrics: which there are, and what each says for a store and a period."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.company.models import Store
from regulars.core.access import seen
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.insight.metrics import Metric, metrics
from regulars.insight.queries.company import company_today
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope

DAYS = 30
DAYS_MAX = 3_660

router = Router(tags=["Metrics"])


class MetricOut(Schema):
    """A metric: its kind, its name, and the facts it is computed from."""

    kind: str = Field(examples=["nps_trend"])
    title: str = Field(examples=["NPS by week"])
    about: str = Field(examples=["The Net Promoter Score of each week, with n and interval."])
    facts: list[str] = Field(examples=[["signals"]])


class MetricsOut(Schema):
    """All metrics."""

    items: list[MetricOut]


class MetricAsk(Schema):
    """The store by its code, and the first and last day; by default all stores and thirty days."""

    store: str = Field("", max_length=50)
    from_on: date | None = Field(None, alias="from")
    to_on: date | None = Field(None, alias="to")


class MetricResultOut(Schema):
    """What a metric says of these days; `result` has the shape that its documentation gives."""

    kind: str
    from_on: date
    to_on: date
    result: dict[str, Any]


@router.get("/metrics", response=MetricsOut, **reads("metrics:read"))
def list_metrics(request: ApiRequest) -> MetricsOut:
    """Every metric there is, in the order of their kinds."""
    return MetricsOut(items=[_described(kind, metric) for kind, metric in metrics.kinds().items()])


@router.get("/metrics/{kind}", response=MetricResultOut, **reads("metrics:read"))
def get_metric(request: ApiRequest, kind: str, ask: Query[MetricAsk]) -> MetricResultOut:
    """One metric for a store and a period; money is in minor units, shares are from 0 to 1."""
    if kind not in metrics.kinds():
        raise NotFound("unknown_kind", f"there is no metric {kind!r}", "kind")
    scope = scope_of(request, ask)
    found = measured({kind: Ask(kind, scope)}, now=timezone.now())[kind]
    return MetricResultOut(kind=kind, from_on=scope.from_on, to_on=scope.to_on, result=found)


def _described(kind: str, metric: type[Metric]) -> MetricOut:
    about = (metric.__doc__ or "").strip().partition("\n\n")[0]
    return MetricOut(
        kind=kind, title=str(metric.title), about=" ".join(about.split()), facts=list(metric.facts)
    )


def scope_of(request: ApiRequest, ask: MetricAsk) -> Scope:
    """The days and stores that a request asks for, within what its key may see."""
    to_on = ask.to_on or company_today(timezone.now())
    if to_on.year < 1_900 or to_on.year > 2_200:
        raise Refused("out_of_range", "days lie between 1900 and 2200", "to")
    from_on = ask.from_on or to_on - timedelta(days=DAYS - 1)
    if from_on > to_on:
        raise Refused("out_of_order", "the first day comes after the last", "from")
    if (to_on - from_on).days >= DAYS_MAX:
        raise Refused("too_long", f"a period has at most {DAYS_MAX} days", "from")
    return Scope.of(from_on, to_on, _stores(request, ask))


def _stores(request: ApiRequest, ask: MetricAsk) -> frozenset[int] | None:
    """The store that is asked for, among those that the key may see."""
    if not ask.store:
        return request.auth.store_ids
    store = seen(Store, request.auth).filter(code=ask.store).values_list("pk", flat=True).first()
    if store is None:
        raise Refused("unknown_store", f"there is no store {ask.store!r}", "store")
    return frozenset({store})
