"""Types for schemas: what the database behind them can hold, said at the door."""

from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field


def _is_of_our_time(moment: datetime) -> datetime:
    """The same moment; years at the ends of the calendar break arithmetic with zones."""
    if not 1900 <= moment.year <= 2200:
        raise ValueError("the year is not from 1900 to 2200")
    return moment


def _is_on_the_wall(clock: time) -> time:
    """The same time of day; one with an offset cannot be held against those without."""
    if clock.tzinfo is not None:
        raise ValueError("a time of day has no offset")
    return clock


Id = Annotated[int, Field(ge=1, le=2**63 - 1, examples=[42])]
Minor = Annotated[
    int, Field(ge=0, le=10**15, examples=[129900], description="Money in minor units (cents).")
]
SignedMinor = Annotated[
    int,
    Field(ge=-(10**15), le=10**15, examples=[-500], description="Money in minor units (cents)."),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"], description="ISO 4217.")]
Moment = Annotated[
    AwareDatetime,
    AfterValidator(_is_of_our_time),
    Field(examples=["2026-01-31T18:00:00+03:00"], description="RFC 3339, with an offset."),
]
WallClock = Annotated[
    time,
    AfterValidator(_is_on_the_wall),
]
"""A time of day by the clock of the place it is about, without an offset."""

Key = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Text = Annotated[str, Field(max_length=1000)]
