"""Pages of connectors: importing files, collecting events, and telling other programs."""

from regulars.connectors.pages import imports, letters, live, plans, snippet, sources, webhooks

__all__ = ["imports", "letters", "live", "plans", "snippet", "sources", "webhooks"]
