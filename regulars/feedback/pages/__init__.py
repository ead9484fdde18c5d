"""Pages of feedback: the survey itself, and what the company sees of it."""

from regulars.feedback.pages import survey

__all__ = ["survey"]
