"""Pages of insight: home, reports, and the scores of one customer."""

from regulars.insight.pages import customer, home, reports, segments

__all__ = ["customer", "home", "reports", "segments"]
