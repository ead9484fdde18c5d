"""What habits and caps keep of a member from one sale to the next."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

Slot = MutableMapping[str, Any]
"""What one rule keeps for one card: plain values, as JSON has them."""


@dataclass(slots=True)
class Memory:
    """The slots of a card by rule, and those of the other cards of the same person.

    Each card keeps what was bought by it, and the person's habit is read from all of them. So
    merging two records joins their streaks, and parting them gives each its own back, with nothing
    to move. `touched` says whether the card's own slots changed.
    """

    own: MutableMapping[str, Slot] = field(default_factory=dict)
    others: tuple["Memory", ...] = ()
    touched: bool = False

    def slots(self, code: str) -> list[Slot]:
        """The slots of a rule, the card's own first; it is written to, so it counts as changed."""
        self.touched = True
        own = self.own.setdefault(code, {})
        return [own, *[other.own[code] for other in self.others if code in other.own]]

    def seen(self, code: str) -> list[Mapping[str, Any]]:
        """The slots of a rule to look at only."""
        return [one.own[code] for one in (self, *self.others) if code in one.own]
