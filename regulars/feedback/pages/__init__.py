"""Pages of feedback: the survey itself, and what the company sees of it."""

from regulars.feedback.pages import (
    asking,
    drivers,
    files,
    first,
    happenings,
    respondents,
    results,
    surveys,
    words,
)

__all__ = [
    "asking",
    "drivers",
    "files",
    "first",
    "happenings",
    "respondents",
    "results",
    "surveys",
    "words",
]
