"""Pages of channels: the outbox, channels, the contact budget, and the customer's own choice."""

from regulars.channels.pages import budget, happenings, hooks, outbox, preferences

__all__ = ["budget", "happenings", "hooks", "outbox", "preferences"]
