"""What rules make of a member's story: points by unit, the tier, and how often it changed."""

from collections.abc import Mapping
from typing import NamedTuple

FIELDS = (
    "issued",
    "spent",
    "given_back",
    "unmet",
    "taken_back",
    "forgiven",
    "expired",
    "moved",
    "balance",
    "pending",
    "debt",
)


class Sums(NamedTuple):
    """Points of one unit over a whole story, in whole points.

    `issued` by rules, without what was moved by hand; `spent`, and of that `given_back` for goods
    that came back or an undo; `unmet` is spending that these rules would not have covered;
    `taken_back` for returned goods and `forgiven` where nothing was left to take; `expired` is
    dead by the end, whether a job has posted it or not; `balance` is what is alive then less
    `debt`, and `pending` the part of it that is not yet usable. It always holds that

        balance = issued + moved - (spent - given_back) - taken_back - expired
    """

    issued: int = 0
    spent: int = 0
    given_back: int = 0
    unmet: int = 0
    taken_back: int = 0
    forgiven: int = 0
    expired: int = 0
    moved: int = 0
    balance: int = 0
    pending: int = 0
    debt: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether what came in equals what went out and what is left."""
        out = self.spent - self.given_back + self.taken_back + self.expired
        return self.balance == self.issued + self.moved - out


class Outcome(NamedTuple):
    """What became of one person under a scheme."""

    person_id: int
    visits: int
    tier: str
    tier_moves: int
    sums: Mapping[str, Sums]


class Entry(NamedTuple):
    """What the books say of one member and unit, in the terms of a replay; `spent` is net."""

    issued: int = 0
    spent: int = 0
    taken_back: int = 0
    expired: int = 0
    moved: int = 0
    balance: int = 0
    debt: int = 0


class Booked(NamedTuple):
    """A person as the books have it; `is_merged` where its records once were several members."""

    person_id: int
    visits: int
    tier: str
    entries: Mapping[str, Entry]
    is_merged: bool = False


class Difference(NamedTuple):
    """One thing in which a replay of today's rules and the books do not agree."""

    person_id: int
    unit: str
    what: str
    replayed: int | str
    booked: int | str
    is_merged: bool


def differences(outcome: Outcome, booked: Booked) -> list[Difference]:
    """In what a replay and the books differ; empty where the replay gives what is on the books."""
    found: list[tuple[str, str, int | str, int | str]]
    found = [("", "visits", outcome.visits, booked.visits), ("", "tier", outcome.tier, booked.tier)]
    for code, sums in outcome.sums.items():
        entry = booked.entries.get(code, Entry())
        net = sums.spent - sums.given_back
        for name, value in zip(Entry._fields, entry, strict=True):
            found.append((code, name, net if name == "spent" else getattr(sums, name), value))
    return [
        Difference(outcome.person_id, unit, what, got, had, booked.is_merged)
        for unit, what, got, had in found
        if got != had
    ]
