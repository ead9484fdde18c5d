"""Judging a member: one step of history or of the clock at a time, under one version of a ladder.

Everything is in `Standing`, so that judging may stop anywhere and go on later with the same result.
"""

from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from regulars.loyalty.rules.tiers.periods import Periods
from regulars.loyalty.rules.tiers.settings import ROLLING, TERMS, LadderRules
from regulars.loyalty.rules.tiers.steps import Ladder


class Move(NamedTuple):
    """Something that counts for a ladder: it happened at a moment, and counts as of a moment.

    The two differ for goods that came back: the return takes effect later, and counts in the
    period of the purchase.
    """

    at: datetime
    amount: int
    counts_at: datetime
    reason: str = "earned"


class Change(NamedTuple):
    """The tier that was reached or lost by what a member did, and why."""

    at: datetime
    before: str
    after: str
    counted: int
    reason: str


@dataclass(slots=True)
class Standing:
    """Where a member stands on a ladder by what it did, and all that judging on needs to know.

    `tally` is what counts in the window; `carried` what was done before a term began and still
    leads up; `short` what is missing to keep the tier while a period's grace runs.
    """

    at: datetime
    joined_at: datetime
    since: datetime
    window_since: datetime
    window_to: datetime | None = None
    tier: str = ""
    tally: int = 0
    carried: int = 0
    short: int = 0
    falls_at: datetime | None = None
    recent: list[tuple[datetime, datetime, int]] = field(default_factory=list)
    """In a rolling window: when each thing leaves it, as of when it counted, and its amount."""

    def copy(self) -> "Standing":
        """The same standing, to be judged on without touching this one."""
        return replace(self, recent=self.recent.copy())


class Judge:
    """One version of a ladder: its rules, its steps, and the zone whose days count."""

    def __init__(self, rules: LadderRules, ladder: Ladder, periods: Periods) -> None:
        self.rules = rules
        self.ladder = ladder
        self.periods = periods
        self._is_rolling = rules.period in ROLLING
        self._has_terms = rules.period in TERMS
        self.has_window = rules.has_periods and rules.period not in ("lifetime", *ROLLING)
        self._falls_at_once = rules.downgrade != "never" and rules.falls == "at_once"

    def beginning(self, joined_at: datetime, at: datetime) -> Standing:
        """The standing of somebody who has done nothing yet, on the tier that takes nothing."""
        standing = Standing(at, joined_at, at, at)
        self._open(standing, at)
        standing.tier = self.ladder.tier_for(0)
        return standing

    def entered(self, tier: str, at: datetime, joined_at: datetime) -> Standing:
        """The standing of somebody who comes to a tier at a moment, with nothing counted yet."""
        standing = self.beginning(joined_at, at)
        standing.tier = tier
        return standing

    def judge(self, standing: Standing, moves: Iterable[Move], upto: datetime) -> list[Change]:
        """What changes by these moves, sorted by time, and by the clock up to and at a moment.

        A period is half-open: what happens at its very end belongs to the next one.
        """
        changes: list[Change] = []
        for move in moves:
            if move.at > upto:
                break
            self._pass_time(standing, move.at, changes)
            self._take(standing, move, changes)
        self._pass_time(standing, upto, changes)
        return changes

    def next_turn(self, standing: Standing) -> datetime | None:
        """The next moment at which something happens by the clock alone; None if never."""
        turn, falls_at = standing.window_to, standing.falls_at
        if falls_at is not None and (turn is None or falls_at < turn):
            turn = falls_at
        if standing.recent and (turn is None or standing.recent[0][0] < turn):
            turn = standing.recent[0][0]
        return turn

    def turn(self, standing: Standing, at: datetime, changes: list[Change]) -> None:
        """Let the clock bring what it brings at that moment."""
        standing.at = at
        known = len(changes)
        self._drop_what_leaves(standing, at)
        ends = [(standing.falls_at, self._end_grace), (standing.window_to, self._end_period)]
        for due, end in reversed(ends) if self._falls_at_once else ends:
            if self._is_over(due, at):
                end(standing, at, changes)
        if self._falls_at_once and len(changes) == known:
            self._fall_if_short(standing, at, changes, reason="time")

    def adopt(self, standing: Standing, seen: Iterable[Move], at: datetime) -> list[Change]:
        """Take over a standing from another version of the ladder, with all that was done so far."""
        changes: list[Change] = []
        standing.at = at
        standing.falls_at, standing.short, standing.carried = None, 0, 0
        if self.ladder.rank(standing.tier) < 0:
            standing.tier = ""
        self._open_anew(standing, at)
        standing.tally = 0
        standing.recent.clear()
        for move in seen:
            self._count(standing, move)
        self._weigh(standing, at, changes, reason="rules")
        return changes

    @property
    def rises_by_period(self) -> bool:
        """Whether a higher tier has to be reached, or is given, by the end of a period."""
        return self.has_window or self.rules.upgrade == "at_period_end"

    def value(self, standing: Standing) -> int:
        """The amount that leads up."""
        return standing.tally + standing.carried

    def _drop_what_leaves(self, standing: Standing, at: datetime) -> None:
        while standing.recent and standing.recent[0][0] <= at:
            standing.tally -= standing.recent.pop(0)[2]

    def _pass_time(self, standing: Standing, upto: datetime, changes: list[Change]) -> None:
        while (turn := self.next_turn(standing)) is not None and turn <= upto:
            self.turn(standing, turn, changes)
        standing.at = max(standing.at, upto)

    def _take(self, standing: Standing, move: Move, changes: list[Change]) -> None:
        self._count(standing, move)
        if standing.falls_at is not None and not self._falls_at_once:
            standing.short -= move.amount
            if standing.short <= 0:
                standing.falls_at, standing.short = None, 0
        self._weigh(standing, move.at, changes, reason=move.reason)

    def _count(self, standing: Standing, move: Move) -> None:
        if self._is_rolling:
            leaves_at = self.periods.leaves_at(move.counts_at)
            if leaves_at > standing.at:
                standing.tally += move.amount
                insort(standing.recent, (leaves_at, move.counts_at, move.amount))
        elif not self.has_window or move.counts_at >= standing.window_since:
            standing.tally += move.amount

    def _weigh(
        self, standing: Standing, at: datetime, changes: list[Change], *, reason: str
    ) -> None:
        if self.rules.upgrade == "at_once":
            self._rise_if_reached(standing, at, changes, reason=reason)
        if self._falls_at_once:
            self._fall_if_short(standing, at, changes, reason=reason)

    def _rise_if_reached(
        self, standing: Standing, at: datetime, changes: list[Change], *, reason: str
    ) -> None:
        value = self.value(standing)
        reached = self.ladder.tier_for(value)
        if self.ladder.rank(reached) <= self.ladder.rank(standing.tier):
            return
        changes.append(Change(at, standing.tier, reached, value, reason))
        standing.tier, standing.since = reached, at
        standing.falls_at, standing.short = None, 0
        if self._has_terms and self.rules.restarts:
            standing.carried = value
            self._open(standing, at)

    def _fall_if_short(
        self, standing: Standing, at: datetime, changes: list[Change], *, reason: str
    ) -> None:
        if self.ladder.keeps(standing.tier, self.value(standing)):
            standing.falls_at = None
        elif standing.falls_at is None:
            held = max(at, self.periods.held_until(standing.since))
            due = self.periods.graced_until(held)
            if due <= at:
                self._fall(standing, at, changes, counted=self.value(standing), reason=reason)
            else:
                standing.falls_at = due

    def _end_grace(self, standing: Standing, at: datetime, changes: list[Change]) -> None:
        standing.falls_at = None
        step = self.ladder.step(standing.tier)
        if step is None:
            return
        counted = self.value(standing) if self._falls_at_once else step.keeping - standing.short
        if counted < step.keeping:
            self._fall(standing, at, changes, counted=counted, reason="time")
        standing.short = 0

    def _end_period(self, standing: Standing, at: datetime, changes: list[Change]) -> None:
        """Judge by what was done in the period that ends; the next one begins with nothing."""
        if self.rules.upgrade == "at_period_end":
            self._rise_if_reached(standing, at, changes, reason="period")
        step = self.ladder.step(standing.tier)
        counted = standing.tally
        self._open(standing, at)
        standing.carried = 0
        if self._falls_at_once or self.rules.downgrade == "never":
            return
        if step is None or counted >= step.keeping or standing.since == at:
            return
        if standing.falls_at is not None or self.periods.held_until(standing.since) > at:
            return
        due = self.periods.graced_until(at)
        if due <= at:
            self._fall(standing, at, changes, counted=counted, reason="period")
        else:
            standing.falls_at, standing.short = due, step.keeping - counted

    def _fall(
        self, standing: Standing, at: datetime, changes: list[Change], *, counted: int, reason: str
    ) -> None:
        after = self.ladder.below(standing.tier)
        if self.rules.downgrade == "to_qualified":
            after = self.ladder.tier_for(counted)
            if self.ladder.rank(after) >= self.ladder.rank(standing.tier):
                after = self.ladder.below(standing.tier)
        changes.append(Change(at, standing.tier, after, counted, reason))
        standing.tier, standing.since = after, at
        standing.falls_at = None

    def _open_anew(self, standing: Standing, at: datetime) -> None:
        """The period running at a moment, whatever ran before; a term begins with its tier."""
        standing.window_since, standing.window_to = standing.joined_at, None
        self._open(standing, standing.since if self._has_terms else at)
        while self._is_over(standing.window_to, at):
            self._open(standing, standing.window_to or at)

    @staticmethod
    def _is_over(moment: datetime | None, at: datetime) -> bool:
        return moment is not None and moment <= at

    def _open(self, standing: Standing, at: datetime) -> None:
        """The period that is running at a moment; where periods count apart, nothing counts yet."""
        if not self.rules.has_periods:
            return
        window = self.periods.begun(at, standing.joined_at)
        standing.window_to = window.to
        if self.has_window:
            standing.window_since, standing.tally = window.since, 0
