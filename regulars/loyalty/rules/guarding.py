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


class Room(NamedTuple):
    """How many points limits let a person spend now, and the code of the one that says so.

    None is no limit. From `code_from` points on, the member confirms with a one-time code.
    """

    most: int | None = None
    limit: str = ""
    code_from: int | None = None


def room_within(limits: SpendingLimits, lately: Lately) -> Room:
    """What limits leave to be spent at once: the narrowest one counts.

    >>> room_within(SpendingLimits(at_once=50, a_day=100), Lately(1, 70))
    Room(most=30, limit='more_than_a_day', code_from=None)
    >>> room_within(SpendingLimits(times_a_day=1, code_from=5), Lately(1, 70))
    Room(most=0, limit='too_often_a_day', code_from=5)
    """
    rooms = []
    if limits.at_once is not None:
        rooms.append((limits.at_once, "more_than_at_once"))
    if limits.a_day is not None:
        rooms.append((max(limits.a_day - lately.points, 0), "more_than_a_day"))
    if limits.times_a_day is not None and lately.times >= limits.times_a_day:
        rooms.append((0, "too_often_a_day"))
    if not rooms:
        return Room(code_from=limits.code_from)
    return Room(*min(rooms, key=lambda one: one[0]), limits.code_from)


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
