"""Pages of feedback: the survey itself, and what the company sees of it."""

from regulars.feedback.pages import (
    asking,
    building,
    building_parts,
    doubts,
    drivers,
    files,
    first,
    happenings,
    languages,
    plans,
    respondents,
    results,
    surveys,
    trying,
    voice,
    words,
)

__all__ = [
    "asking",
    "building",
    "building_parts",
    "doubts",
    "drivers",
    "files",
    "first",
    "happenings",
    "languages",
    "plans",
    "respondents",
    "results",
    "surveys",
    "trying",
    "voice",
    "words",
]
