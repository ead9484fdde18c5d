"""Pages of feedback: the survey itself, and what the company sees of it."""

from regulars.feedback.pages import first, results, survey, surveys, words

__all__ = ["first", "results", "survey", "surveys", "words"]
