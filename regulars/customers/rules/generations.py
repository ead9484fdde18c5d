"""Generations by year of birth, as the Pew Research Center draws them (2019)."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Generation:
    """People born from one year until another, both included."""

    code: str
    label: Any
    from_year: int
    until_year: int


GENERATIONS = (
    Generation("silent", _("Silent generation"), 1928, 1945),
    Generation("boomers", _("Boomers"), 1946, 1964),
    Generation("x", _("Generation X"), 1965, 1980),
    Generation("millennials", _("Millennials"), 1981, 1996),
    Generation("z", _("Generation Z"), 1997, 2012),
    Generation("alpha", _("Generation Alpha"), 2013, 2030),
)


def generation_of(birth_year: int | None) -> str | None:
    """The code of the generation of a year of birth; None where it is unknown or has no name.

    >>> generation_of(1964), generation_of(1965), generation_of(1900), generation_of(None)
    ('boomers', 'x', None, None)
    """
    if birth_year is None:
        return None
    fitting = (one.code for one in GENERATIONS if one.from_year <= birth_year <= one.until_year)
    return next(fitting, None)
