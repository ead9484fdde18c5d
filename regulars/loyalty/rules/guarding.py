"""Limits on spending: how much a member may spend at once and in a day, and from when on a code is asked."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from regulars.core.errors import Refused


class SpendingLimits(BaseModel):
    """The limits of a program, in points; None sets no limit. A day is the last 24 hours."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_once: int | None = Field(None, ge=1, le=10**12)
    a_day: int | None = Field(None, ge=1, le=10**12)
    times_a_day: int | None = Field(None, ge=1, le=10_000)
    code_from: int | None = Field(None, ge=1, le=10**12)

    @property
    def look_back(self) -> bool:
        """Whether what was spent before matters."""
        return self.a_day is not None or self.times_a_day is not None


class Lately(NamedTuple):
    """What a person spent and set aside within the last day: how often, and how many points."""

    times: int = 0
    points: int = 0


def check_limits(limits: SpendingLimits, amount: int, lately: Lately) -> None:
    """Nothing, or `Refused` with the limit that an amount of points would pass.

    >>> check_limits(SpendingLimits(a_day=100), 60, Lately(1, 40))
    >>> check_limits(SpendingLimits(a_day=100), 61, Lately(1, 40))
    Traceback (most recent call last):
    regulars.core.errors.Refused: a member spends at most 100 points in 24 hours; 60 are left
    """
    if limits.at_once is not None and amount > limits.at_once:
        words = f"a member spends at most {limits.at_once} points at once"
        raise Refused("more_than_at_once", words, "amount")
    if limits.times_a_day is not None and lately.times >= limits.times_a_day:
        words = f"a member spends at most {limits.times_a_day} times in 24 hours"
        raise Refused("too_often_a_day", words, "amount")
    if limits.a_day is not None and lately.points + amount > limits.a_day:
        left = max(limits.a_day - lately.points, 0)
        words = f"a member spends at most {limits.a_day} points in 24 hours; {left} are left"
        raise Refused("more_than_a_day", words, "amount")
