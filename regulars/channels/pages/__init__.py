"""Pages of channels: the outbox, channels, the contact budget, and the customer's own choice."""

from regulars.channels.pages import budget, outbox, preferences

__all__ = ["budget", "outbox", "preferences"]
