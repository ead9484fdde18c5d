"""Tiers: a pure function of the qualifying balance."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Step(NamedTuple):
    """A tier: its code, and the qualifying balance from which on it is reached."""

    code: str
    qualifying_min: int


class Way(NamedTuple):
    """The next tier up, and how much is still missing."""

    tier: str
    missing: int


class Ladder:
    """The tiers of a program, lowest first, whatever order they were listed in."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(sorted(steps, key=lambda step: step.qualifying_min))
        self._bounds = [step.qualifying_min for step in self.steps]

    def tier_for(self, qualifying: int) -> str:
        """The code of the tier that a qualifying balance reaches, "" below the lowest.

        Reaching a threshold exactly is enough.

        >>> ladder = Ladder([Step("gold", 500), Step("silver", 100)])
        >>> [ladder.tier_for(balance) for balance in (99, 100, 499, 500)]
        ['', 'silver', 'silver', 'gold']
        """
        reached = bisect_right(self._bounds, qualifying)
        return self.steps[reached - 1].code if reached else ""

    def way_to_next(self, qualifying: int) -> Way | None:
        """The next tier up and what is missing to it; None at the top.

        >>> Ladder([Step("silver", 100)]).way_to_next(60)
        Way(tier='silver', missing=40)
        """
        reached = bisect_right(self._bounds, qualifying)
        if reached == len(self.steps):
            return None
        step = self.steps[reached]
        return Way(step.code, step.qualifying_min - qualifying)


def tier_for(qualifying: int, steps: Iterable[Step]) -> str:
    """The code of the tier that a qualifying balance reaches among these; "" below the lowest."""
    return Ladder(steps).tier_for(qualifying)


def way_to_next(qualifying: int, steps: Iterable[Step]) -> Way | None:
    """The next tier up among these and what is missing to it; None at the top."""
    return Ladder(steps).way_to_next(qualifying)
