"""The steps of a ladder: which tier an amount reaches, and what is missing to the next one."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple


class Step(NamedTuple):
    """A tier: its code, and the amount from which on it is reached.

    `keep_min` is what keeping it takes, where that is another amount.
    """

    code: str
    qualifying_min: int
    keep_min: int | None = None

    @property
    def keeping(self) -> int:
        """The amount that is enough to keep the tier."""
        return self.qualifying_min if self.keep_min is None else self.keep_min


class Way(NamedTuple):
    """The next tier up, and how much is still missing."""

    tier: str
    missing: int


class Ladder:
    """The tiers of a program, lowest first, whatever order they were listed in."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(sorted(steps, key=lambda step: step.qualifying_min))
        self._bounds = [step.qualifying_min for step in self.steps]
        self._ranks = {step.code: rank for rank, step in enumerate(self.steps)}

    def rank(self, code: str) -> int:
        """How high a tier stands, from 0 for the lowest; -1 for none and for one unknown."""
        return self._ranks.get(code, -1)

    def step(self, code: str) -> Step | None:
        """The step of a tier; None below the lowest."""
        rank = self.rank(code)
        return self.steps[rank] if rank >= 0 else None

    def below(self, code: str) -> str:
        """The tier one step down; "" below the lowest.

        >>> Ladder([Step("gold", 500), Step("silver", 100)]).below("gold")
        'silver'
        """
        rank = self.rank(code)
        return self.steps[rank - 1].code if rank > 0 else ""

    def higher(self, one: str, other: str) -> str:
        """The higher of two tiers."""
        return one if self.rank(one) >= self.rank(other) else other

    def keeps(self, code: str, amount: int) -> bool:
        """Whether an amount is enough to keep a tier; nothing is needed to have none."""
        step = self.step(code)
        return step is None or amount >= step.keeping

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

    def way_from(self, code: str, amount: int) -> Way | None:
        """The tier above another and what is missing to it; None above the top.

        >>> Ladder([Step("silver", 100), Step("gold", 300)]).way_from("silver", 20)
        Way(tier='gold', missing=280)
        """
        above = self.rank(code) + 1
        if above >= len(self.steps):
            return None
        step = self.steps[above]
        return Way(step.code, max(step.qualifying_min - amount, 0))


def tier_for(qualifying: int, steps: Iterable[Step]) -> str:
    """The code of the tier that a qualifying balance reaches among these; "" below the lowest."""
    return Ladder(steps).tier_for(qualifying)


def way_to_next(qualifying: int, steps: Iterable[Step]) -> Way | None:
    """The next tier up among these and what is missing to it; None at the top."""
    return Ladder(steps).way_to_next(qualifying)
