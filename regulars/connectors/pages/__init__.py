"""Pages of connectors: importing files, and collecting events."""

from regulars.connectors.pages import imports, letters, live, plans, snippet, sources

__all__ = ["imports", "letters", "live", "plans", "snippet", "sources"]
