"""Pages of insight: home, reports, segments, and the scores of one customer."""

from regulars.insight.pages import building, customer, home, people, reports, segments, visits

__all__ = ["building", "customer", "home", "people", "reports", "segments", "visits"]
