"""Pages of insight: home, reports, segments, and the scores of one customer."""

from regulars.insight.pages import (
    advocates,
    building,
    comparing,
    customer,
    fairness,
    home,
    people,
    reports,
    representing,
    segments,
    visits,
)

__all__ = [
    "advocates",
    "building",
    "comparing",
    "customer",
    "fairness",
    "home",
    "people",
    "reports",
    "representing",
    "segments",
    "visits",
]
