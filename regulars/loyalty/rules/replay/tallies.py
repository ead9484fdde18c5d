"""Two schemes side by side: totals, who gains and loses, which tiers people move to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest
from typing import Any, NamedTuple

from regulars.loyalty.rules.replay.outcomes import Difference, Outcome, Sums
from regulars.loyalty.rules.replay.schemes import WrittenUnit

NAMED = 50
"""How many of those who gain most, and who lose most, are kept by name."""
SHOWN = 50
"""How many differences from the books are kept; all are counted."""


class Change(NamedTuple):
    """What a draft changes for one person; worth in minor units of money, with today's before."""

    person_id: int
    gain_minor: int
    before_minor: int
    after_minor: int
    tier_before: str
    tier_after: str


@dataclass
class Tally:
    """The comparison over some persons; tallies of other persons can be added in any order."""

    persons: int = 0
    receipts: int = 0
    today: dict[str, Sums] = field(default_factory=dict)
    draft: dict[str, Sums] = field(default_factory=dict)
    gain: int = 0
    lose: int = 0
    gain_minor: int = 0
    lose_minor: int = 0
    winners: list[Change] = field(default_factory=list)
    losers: list[Change] = field(default_factory=list)
    tiers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many persons end in a tier today, and in which by the draft."""
    checked: int = 0
    differing: int = 0
    merged_differing: int = 0
    """Persons of several records among those who differ: before they were merged each record had
    a standing of its own, and a replay takes them for one from the beginning."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def written(self) -> dict[str, Any]:
        """The tally as JSON takes it."""
        told = vars(self) | {
            side: {code: list(sums) for code, sums in getattr(self, side).items()}
            for side in ("today", "draft")
        }
        return told | {"tiers": [[*pair, count] for pair, count in sorted(self.tiers.items())]}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Tally":
        """A tally as it was written."""
        sides = {
            side: {code: Sums(*sums) for code, sums in told[side].items()}
            for side in ("today", "draft")
        }
        lists = {
            "winners": [Change(*row) for row in told["winners"]],
            "losers": [Change(*row) for row in told["losers"]],
            "differences": [Difference(*row) for row in told["differences"]],
            "tiers": Counter({(before, after): n for before, after, n in told["tiers"]}),
        }
        return cls(**{**told, **sides, **lists})

    @property
    def is_reproduced(self) -> bool:
        """Whether today's rules give what is on the books for everybody."""
        return not self.differing

    def add(self, other: "Tally") -> None:
        """Take in the tally of other persons."""
        self.persons += other.persons
        self.receipts += other.receipts
        _add_totals(self.today, other.today)
        _add_totals(self.draft, other.draft)
        self.gain += other.gain
        self.lose += other.lose
        self.gain_minor += other.gain_minor
        self.lose_minor += other.lose_minor
        self.winners = nlargest(NAMED, self.winners + other.winners, key=_by_gain)
        self.losers = nsmallest(NAMED, self.losers + other.losers, key=_by_gain)
        self.tiers.update(other.tiers)
        self.checked += other.checked
        self.differing += other.differing
        self.merged_differing += other.merged_differing
        self.differences = sorted(self.differences + other.differences)[:SHOWN]


def _by_gain(change: Change) -> tuple[int, int]:
    return change.gain_minor, -change.person_id


def _add_totals(mine: dict[str, Sums], theirs: Mapping[str, Sums]) -> None:
    for code, sums in theirs.items():
        mine[code] = Sums(*map(sum, zip(mine.get(code, Sums()), sums, strict=True)))


def totals_of(outcomes: Iterable[Outcome]) -> dict[str, Sums]:
    """By unit the sums of all these persons."""
    rows: dict[str, list[Sums]] = {}
    for outcome in outcomes:
        for code, sums in outcome.sums.items():
            rows.setdefault(code, []).append(sums)
    return {code: Sums(*map(sum, zip(*found, strict=True))) for code, found in rows.items()}


def worth_kept(outcome: Outcome, units: Mapping[str, WrittenUnit]) -> int:
    """What a person got of a program in minor units of money: what came in less what was taken
    back or died. What was spent counts, for it was had."""
    return sum(
        units[code].worth_of(max(sums.balance + sums.spent - sums.given_back, 0))
        for code, sums in outcome.sums.items()
        if code in units
    )


def compared(
    today: list[Outcome],
    draft: list[Outcome],
    units: tuple[Mapping[str, WrittenUnit], Mapping[str, WrittenUnit]],
) -> Tally:
    """The tally of persons whose stories were replayed by today's rules and by a draft."""
    tally = Tally(persons=len(today))
    tally.today, tally.draft = totals_of(today), totals_of(draft)
    changes = []
    for before, after in zip(today, draft, strict=True):
        tally.tiers[before.tier, after.tier] += 1
        had, has = worth_kept(before, units[0]), worth_kept(after, units[1])
        if had != has:
            change = Change(before.person_id, has - had, had, has, before.tier, after.tier)
            changes.append(change)
    winners = [change for change in changes if change.gain_minor > 0]
    losers = [change for change in changes if change.gain_minor < 0]
    tally.gain, tally.lose = len(winners), len(losers)
    tally.gain_minor = sum(change.gain_minor for change in winners)
    tally.lose_minor = sum(change.gain_minor for change in losers)
    tally.winners = nlargest(NAMED, winners, key=_by_gain)
    tally.losers = nsmallest(NAMED, losers, key=_by_gain)
    return tally
