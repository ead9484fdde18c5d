"""Kept results of metrics: made before somebody asks, thrown away when nobody can ask any more."""

from datetime import datetime, timedelta

from regulars.insight.models import MetricResult
from regulars.insight.queries.company import company_today
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope

KEPT_FOR = timedelta(days=2)
PERIODS_DAYS = (30,)
HOME = (
    "experience",
    "nps_trend",
    "csat_trend",
    "active_members",
    "points_liability",
    "sales_members_vs_others",
    "rfm",
)
"""The metrics of the home page."""


def make_results_ready(*, now: datetime) -> None:
    """Computes what the home page shows to most people, if the lake changed since."""
    today = company_today(now)
    for days in PERIODS_DAYS:
        scope = Scope(today - timedelta(days=days - 1), today)
        measured({kind: Ask(kind, scope) for kind in HOME}, now=now)


def forget_old_results(*, now: datetime) -> int:
    """Deletes results that are too old to be asked for again; says how many."""
    return MetricResult.objects.filter(made_at__lt=now - KEPT_FOR).delete()[0]
