"""Reads of feedback."""

from regulars.feedback.queries.signals import unhappy_count, unhappy_signals

__all__ = ["unhappy_count", "unhappy_signals"]
