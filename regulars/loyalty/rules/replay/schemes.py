"""Schemes: all rules of a program as plain values, as the books have them or as a draft would."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from regulars.loyalty.rules.earning import EarnRule, Stacking
from regulars.loyalty.rules.expiry import ExpiryVersion, Life
from regulars.loyalty.rules.history import History
from regulars.loyalty.rules.mechanic import mechanics
from regulars.loyalty.rules.replay.climbing import ToldLadder
from regulars.loyalty.rules.returns import Policy
from regulars.loyalty.rules.rounding import Rounding
from regulars.loyalty.rules.tiers import Ladder, Step
from regulars.loyalty.rules.tiers.judging import Judge
from regulars.loyalty.rules.tiers.periods import Periods
from regulars.loyalty.rules.tiers.settings import LadderRules
from regulars.loyalty.rules.tiers.tracks import Edition

BEGINNING = datetime.min.replace(tzinfo=UTC)
TOLD = ("unit", "spend", "visits")
"""What leads up a ladder that a replay can tell."""


class Written(BaseModel):
    """A part of a scheme as it is stored and sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WrittenRule(Written):
    """One version of an earn rule; `id` is that of the books, below zero for one that is new."""

    id: int
    code: str
    kind: str
    settings: dict[str, Any] = Field(default_factory=dict)
    in_force_from: datetime | None = None
    in_force_to: datetime | None = None
    made_at: str = ""
    is_last: bool = False


class WrittenUnit(Written):
    """What members hold; so many `worth_points` are worth `worth_minor` of money."""

    code: str
    kind: str
    worth_minor: int = 0
    worth_points: int = 1
    lives: tuple[ExpiryVersion, ...] = ()
    """Versions of how long it lives; without any it never dies."""

    @property
    def has_lots(self) -> bool:
        """Whether it is spent, so that what members have of it is kept in lots."""
        return self.kind != "qualifying"

    def worth_of(self, amount: int) -> int:
        """What an amount is worth in minor units of money, cut to whole ones."""
        return amount * self.worth_minor // self.worth_points


class WrittenTier(Written):
    """A tier and the qualifying balance from which on it is reached."""

    code: str
    qualifying_min: int


class WrittenPast(Written):
    """What the main ladder led to from a moment on, while it had no memory."""

    in_force_from: datetime
    tiers: tuple[WrittenTier, ...]


class WrittenStep(Written):
    """A tier of a ladder with a memory: what it takes to reach it and, if another, to keep it."""

    code: str
    minimum: int
    keep_min: int | None = None


class WrittenEdition(Written):
    """A version of a ladder, from a moment on."""

    in_force_from: datetime
    rules: LadderRules
    steps: tuple[WrittenStep, ...]


class WrittenLadder(Written):
    """A ladder with a memory: periods, given tiers, or several versions of its own.

    Sales booked before `remembers_from` did not see it: it was not there, or had no memory yet.
    """

    code: str
    is_main: bool
    unit: str = ""
    editions: tuple[WrittenEdition, ...]
    remembers_from: datetime = BEGINNING

    @property
    def is_told(self) -> bool:
        """Whether receipts and returns lead up it; acts and points in hand are not in stories."""
        return self.editions[-1].rules.basis in TOLD


class WrittenTerms(Written):
    """What a program says of returns and of points that wait; see `actions.TermsInput`."""

    returns: Policy = "within_balance"
    debt_max: int | None = None
    dead_points: str = "die"
    pending: str = "none"
    pending_days: int = 0


class WrittenScheme(Written):
    """A whole program's rules, with their times of force."""

    units: tuple[WrittenUnit, ...]
    rules: tuple[WrittenRule, ...] = ()
    tiers: tuple[WrittenTier, ...] = ()
    """The main ladder, where a tier follows from the qualifying balance alone."""
    past: tuple[WrittenPast, ...] = ()
    """Its versions, in order, where sales were booked under others than the one above."""
    ladders: tuple[WrittenLadder, ...] = ()
    terms: WrittenTerms = WrittenTerms()
    stacking: Stacking = "all"
    rounding: Rounding = "floor"
    zone: str = "UTC"

    @property
    def untold(self) -> tuple[str, ...]:
        """The codes of ladders whose tiers a replay does not tell."""
        return tuple(one.code for one in self.ladders if not one.is_told)


class Scheme:
    """A written scheme made ready to run."""

    def __init__(self, written: WrittenScheme) -> None:
        self.written = written
        self.units: Mapping[str, WrittenUnit] = {unit.code: unit for unit in written.units}
        qualifying = [unit.code for unit in written.units if not unit.has_lots]
        self.qualifying = qualifying[0] if qualifying else ""
        rules = [_rule(rule, written.rounding) for rule in written.rules]
        self.history = History(rules, stacking=written.stacking)
        self.needs = frozenset().union(*(rule.mechanic.needs for rule in rules))
        """What the rules look at beside the receipt itself; see `Mechanic.needs`."""
        self.has_habits = any(rule.mechanic.stage == "habit" for rule in rules)
        self.ladder = _plain(written.tiers)
        self.past = [(one.in_force_from, _plain(one.tiers)) for one in written.past]
        """The main ladder without a memory, version by version, up to where it got one."""
        self.zone: tzinfo = UTC if written.zone == "UTC" else ZoneInfo(written.zone)
        self.ladders = [_ladder(one, self.zone) for one in written.ladders if one.is_told]
        main = [one for one in written.ladders if one.is_main]
        self.is_plain = not main
        """Whether the main tier follows from the qualifying balance alone."""
        if self.past and main:
            self.past.append((main[0].remembers_from, Ladder(())))
        self.lives = {unit.code: Life(unit.lives) for unit in written.units if unit.has_lots}
        """How long points live, by the units that are spent."""
        self.is_patient = written.terms.pending != "none"
        self.rolling = [code for code, life in self.lives.items() if life.may_roll]
        self.asks_when = bool(self.rolling or self.past or self.ladders)
        """Whether it matters when sales came on the books: activities prolong points, tiers move."""

    def tier_then(self, balance: int, booked_at: datetime) -> str:
        """The main tier that a balance led to at a moment; "" if the ladder had a memory by then."""
        in_force = [ladder for since, ladder in self.past if since <= booked_at]
        return in_force[-1].tier_for(balance) if in_force else ""

    def active_at(self, at: datetime) -> datetime | None:
        """When points of a purchase made then become usable; None while they wait for an event."""
        terms = self.written.terms
        return None if terms.pending == "event" else at + timedelta(days=terms.pending_days)

    def ends_at(self, code: str, at: datetime) -> datetime | None:
        """The first moment at which points of a unit granted then are dead; None if they never die."""
        return self.lives[code].ends_at(at, self.zone)

    def prolongs_to(self, code: str, at: datetime) -> datetime | None:
        """Up to when an activity at a moment has points of a unit live; None if it does nothing."""
        return self.lives[code].prolongs_to(at, self.zone)


def _plain(tiers: Sequence[WrittenTier]) -> Ladder:
    return Ladder(Step(tier.code, tier.qualifying_min) for tier in tiers)


def _ladder(ladder: WrittenLadder, zone: tzinfo) -> ToldLadder:
    editions = [
        Edition(
            one.in_force_from,
            Judge(
                one.rules,
                Ladder(Step(step.code, step.minimum, step.keep_min) for step in one.steps),
                Periods(one.rules, zone),
            ),
        )
        for one in ladder.editions
    ]
    return ToldLadder(ladder.code, ladder.is_main, ladder.unit, editions, ladder.remembers_from)


def _rule(rule: WrittenRule, rounding: Rounding) -> EarnRule:
    kind = mechanics.get(rule.kind)
    settings = dict(rule.settings)
    if "rounding" in kind.model_fields:
        settings.setdefault("rounding", rounding)
    return EarnRule(
        id=rule.id,
        mechanic=kind.model_validate(settings),
        code=rule.code,
        in_force_from=rule.in_force_from,
        in_force_to=rule.in_force_to,
        made_at=rule.made_at,
        stop=rule.is_last,
    )
