"""Earning: which rules pay for a sale, how they add up, and which order they run in.

Base rules come first, then one multiplier of each group on what they gave, then additions, then
habits; caps and budgets cut what came out. Each award is whole before it is cut, rounded once in
the way its rule or program names; as caps are whole too, rounding after them would change nothing.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from regulars.loyalty.rules.caps import capped, noted
from regulars.loyalty.rules.memory import Memory, Slot
from regulars.loyalty.rules.sales import (
    Act,
    Award,
    Back,
    Sale,
    Selection,
    Sides,
    Standing,
    narrowed,
)
from regulars.loyalty.rules.terms import Limits

Stage = Literal["joining", "base", "multiplier", "addition", "habit", "act", "referral"]
"""When a mechanic has its turn: as a member joins, in this order over a sale, or at an act."""

Stacking = Literal["all", "best", "ordered"]
"""How several matching rules add up.

`all`: every base rule pays, then every multiplier and addition.
`best`: the base rule worth most pays, and of the promotions only the newest.
`ordered`: base rules, one multiplier (the newest), additions; a rule marked to stop is the last.
Promotions (multipliers and additions that need a base) pay only where a base rule paid. Of the
rules of one exclusive group and stage only one pays: the best, or the first that gives anything.
Habits (streaks, challenges, cashback by visits) pay beside all of these.
"""


class Earns(Protocol):
    """What the engine asks of a mechanic."""

    @property
    def stage(self) -> Stage: ...
    @property
    def unit(self) -> str: ...
    @property
    def needs_base(self) -> bool: ...
    @property
    def needs_lines(self) -> bool: ...
    @property
    def needs(self) -> frozenset[str]: ...
    @property
    def group(self) -> str: ...
    @property
    def group_takes(self) -> Literal["best", "first"]: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def campaign(self) -> str: ...
    @property
    def partner(self) -> str: ...
    @property
    def pays_apart(self) -> bool: ...
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]: ...
    def steps(self, sale: Sale, member: Standing, slots: list[Slot]) -> Iterator[Award]: ...
    def awards_for_act(self, act: Act, member: Standing) -> Iterator[Award]: ...
    def sides(self, sale: Sale | None, friend: Standing) -> Sides | None: ...
    def undone(self, back: Back, slots: list[Slot]) -> Iterator[Award]: ...


@dataclass(frozen=True, slots=True)
class EarnRule:
    """A mechanic with its settings, in force for a span of time. `made_at` orders promotions."""

    id: int
    mechanic: Earns
    code: str = ""
    in_force_from: datetime | None = None
    in_force_to: datetime | None = None
    made_at: str = ""
    stop: bool = False


class Earned(NamedTuple):
    """What one rule gave for one sale.

    `basis` is what it is the arithmetic of. Where a limit cut it, `before` is what it was and
    `capped_by` names the limit; nothing may be left of it then.
    """

    rule: EarnRule
    unit: str
    amount: int
    basis: int = 0
    before: int = 0
    capped_by: str = ""


def in_force(rules: Sequence[EarnRule], at: datetime) -> list[EarnRule]:
    """The rules whose half-open span of force holds the moment."""
    return [
        rule
        for rule in rules
        if (rule.in_force_from is None or rule.in_force_from <= at)
        and (rule.in_force_to is None or at < rule.in_force_to)
    ]


class RuleBook:
    """The rules of a program, sorted once by stage so that a sale costs only their arithmetic."""

    def __init__(self, rules: Sequence[EarnRule], *, stacking: Stacking = "all") -> None:
        self.rules = tuple(rules)
        self.stacking = stacking
        self.base = self.of("base")
        self.promotions = [r for r in rules if r.mechanic.stage in {"multiplier", "addition"}]
        self.habits = self.of("habit")
        self.joining = self.of("joining")
        self.acts = self.of("act")
        self.referrals = self.of("referral")
        self._earn = {"all": _all, "best": _best, "ordered": _ordered}[stacking]
        self._plain = stacking == "all" and not self.promotions
        self._cut = any(_is_cut(rule.mechanic) for rule in rules)

    def of(self, stage: Stage) -> list[EarnRule]:
        """The rules of a stage, in their order."""
        return [rule for rule in self.rules if rule.mechanic.stage == stage]

    @property
    def needs_lines(self) -> bool:
        """Whether any rule looks at lines; where none does, they need not be read."""
        return any(rule.mechanic.needs_lines for rule in self.rules)

    def welcome(self, sale: Sale) -> list[Earned]:
        """What a member gets for joining; the sale is an empty one that carries the moment."""
        return _run(self.joining, sale, Standing())

    def earn(self, sale: Sale, member: Standing) -> list[Earned]:
        """What each rule gives for a sale, by the program's way of stacking.

        Habits and caps are written into the standing's memory, spent budget into its budgets.
        """
        if self._plain:
            earned = _run(self.base, sale, member)
        else:
            earned = self._earn(self.base, self.promotions, sale, member)
        if self.habits:
            earned += _remembered(self.habits, sale, member)
        return self.cut(earned, sale.at, member) if self._cut and earned else earned

    def for_act(self, act: Act, member: Standing) -> list[Earned]:
        """What rules give for something done beside buying."""
        earned = [
            Earned(rule, award.unit, award.amount, award.basis)
            for rule in self.acts
            for award in rule.mechanic.awards_for_act(act, member)
        ]
        return self.cut(earned, act.at, member) if earned else earned

    def for_referral(
        self, sale: Sale | None, at: datetime, friend: Standing, referrer: Standing
    ) -> tuple[list[Earned], list[Earned]]:
        """What a friend's purchase, or joining without one, brings: to the referrer, to the friend.

        Limits hold for each side on its own.
        """
        brought, got = [], []
        for rule in self.referrals:
            if sides := rule.mechanic.sides(sale, friend):
                unit = rule.mechanic.unit
                brought.append(Earned(rule, unit, sides.referrer))
                got.append(Earned(rule, unit, sides.friend))
        return self.cut(brought, at, referrer), self.cut(got, at, friend)

    def cut(self, earned: Sequence[Earned], at: datetime, member: Standing) -> list[Earned]:
        """What limits and budgets leave of awards, in their order."""
        day = member.local(at).date()
        memory = member.memory if member.memory is not None else Memory()
        return [
            _cut(one, memory, day, budgets=member.budgets) if _is_cut(one.rule.mechanic) else one
            for one in earned
        ]


class History:
    """A rule book for each moment, as rules come into force and are replaced."""

    def __init__(self, rules: Sequence[EarnRule], *, stacking: Stacking = "all") -> None:
        self._rules = rules
        self._stacking: Stacking = stacking
        self._books: dict[tuple[int, ...], RuleBook] = {}
        bounds = {rule.in_force_from for rule in rules} | {rule.in_force_to for rule in rules}
        self._bounds = sorted(bound for bound in bounds if bound is not None)
        self._current: tuple[datetime, datetime, RuleBook] | None = None
        self._needs: dict[tuple[int, ...], frozenset[str]] = {}

    def within(self, first: datetime, last: datetime) -> list[EarnRule]:
        """The rules in force at some moment of a span, both ends included."""
        return [
            rule
            for rule in self._rules
            if (rule.in_force_from is None or rule.in_force_from <= last)
            and (rule.in_force_to is None or first < rule.in_force_to)
        ]

    def needs(self, first: datetime, last: datetime) -> frozenset[str]:
        """What the rules in force in a span need to know beside the sale itself."""
        rules = self.within(first, last)
        ids = tuple([rule.id for rule in rules])
        if ids not in self._needs:
            self._needs[ids] = frozenset().union(*(rule.mechanic.needs for rule in rules))
        return self._needs[ids]

    def at(self, moment: datetime) -> RuleBook:
        """The rule book in force at a moment; one comparison where nothing changed since."""
        if not self._bounds:
            return self._book(moment)
        if self._current and self._current[0] <= moment < self._current[1]:
            return self._current[2]
        earlier = [bound for bound in self._bounds if bound <= moment]
        later = [bound for bound in self._bounds if bound > moment]
        least = datetime.min.replace(tzinfo=moment.tzinfo)
        most = datetime.max.replace(tzinfo=moment.tzinfo)
        self._current = (max(earlier, default=least), min(later, default=most), self._book(moment))
        return self._current[2]

    def _book(self, moment: datetime) -> RuleBook:
        rules = in_force(self._rules, moment) if self._bounds else self._rules
        ids = tuple(rule.id for rule in rules) if self._bounds else ()
        if ids not in self._books:
            self._books[ids] = RuleBook(rules, stacking=self._stacking)
        return self._books[ids]


def _run(rules: Sequence[EarnRule], sale: Sale, member: Standing) -> list[Earned]:
    earned = [
        Earned(rule, award.unit, award.amount, award.basis)
        for rule in rules
        for award in rule.mechanic.awards(sale, member)
    ]
    return _one_of_each_group(earned) if any(one.rule.mechanic.group for one in earned) else earned


def _one_of_each_group(earned: Sequence[Earned]) -> list[Earned]:
    """The awards without those of rules that another rule of their group displaces.

    The first rule of a group says whether the best or the first pays; a tie goes to the first.
    """
    groups: dict[tuple[str, str], dict[int, int]] = {}
    takes: dict[tuple[str, str], str] = {}
    for one in earned:
        if name := one.rule.mechanic.group:
            key = (one.rule.mechanic.stage, name)
            worth = groups.setdefault(key, {})
            worth[one.rule.id] = worth.get(one.rule.id, 0) + one.amount
            takes.setdefault(key, one.rule.mechanic.group_takes)
    winners = {
        max(worth, key=worth.__getitem__) if takes[key] == "best" else next(iter(worth))
        for key, worth in groups.items()
    }
    return [one for one in earned if not one.rule.mechanic.group or one.rule.id in winners]


def _remembered(habits: Sequence[EarnRule], sale: Sale, member: Standing) -> list[Earned]:
    memory = member.memory if member.memory is not None else Memory()
    return [
        Earned(rule, award.unit, award.amount, award.basis)
        for rule in habits
        for award in rule.mechanic.steps(sale, member, memory.slots(rule.code))
    ]


def _is_cut(mechanic: Earns) -> bool:
    limits = mechanic.limits
    return bool(mechanic.campaign or limits.purchase is not None or limits.counted)


def _cut(
    earned: Earned, memory: Memory, day: date, *, budgets: MutableMapping[str, int] | None
) -> Earned:
    mechanic, code = earned.rule.mechanic, f"cap:{earned.rule.code}"
    slots = memory.slots(code) if mechanic.limits.counted else []
    left, by = capped(earned.amount, mechanic.limits, slots, day)
    if mechanic.campaign and budgets is not None:
        room = budgets.get(mechanic.campaign, 0)
        if room < left:
            left, by = max(room, 0), "budget"
        budgets[mechanic.campaign] = room - left
    if slots and left:
        noted(slots[0], left, mechanic.limits, day)
    return earned if not by else earned._replace(amount=left, before=earned.amount, capped_by=by)


def _all(
    base: Sequence[EarnRule], promotions: Sequence[EarnRule], sale: Sale, member: Standing
) -> list[Earned]:
    earned = _run(base, sale, member)
    return earned + _promoted(base, promotions, earned, (sale, member))


def _best(
    base: Sequence[EarnRule], promotions: Sequence[EarnRule], sale: Sale, member: Standing
) -> list[Earned]:
    """Within each unit the rule worth most pays; a tie goes to the rule listed first."""
    best: dict[str, tuple[int, EarnRule, int]] = {}
    for rule in base:
        worth: dict[str, tuple[int, int]] = {}
        for award in rule.mechanic.awards(sale, member):
            amount, basis = worth.get(award.unit, (0, 0))
            worth[award.unit] = (amount + award.amount, basis + award.basis)
        for unit, (amount, basis) in worth.items():
            if unit not in best or amount > best[unit][0]:
                best[unit] = (amount, rule, basis)
    earned = [Earned(rule, unit, amount, basis) for unit, (amount, rule, basis) in best.items()]
    winners = [rule for _, rule, _ in best.values()]
    newest = sorted(promotions, key=lambda rule: rule.made_at)[-1:]
    return earned + _promoted(winners, newest, earned, (sale, member))


def _ordered(
    base: Sequence[EarnRule], promotions: Sequence[EarnRule], sale: Sale, member: Standing
) -> list[Earned]:
    earned = _run(base, sale, member)
    if any(rule.stop for rule in base):
        return earned
    multipliers = [rule for rule in promotions if rule.mechanic.stage == "multiplier"]
    chosen: list[EarnRule] = []
    for rule in sorted(multipliers, key=lambda rule: rule.made_at, reverse=True):
        if more := _promoted(base, [rule], earned, (sale, member)):
            earned, chosen = earned + more, [rule]
            break
    if any(rule.stop for rule in chosen):
        return earned
    additions = [rule for rule in promotions if rule.mechanic.stage == "addition"]
    return earned + _promoted(base, _until_stop(additions), earned, (sale, member))


def _until_stop(rules: Sequence[EarnRule]) -> list[EarnRule]:
    taken: list[EarnRule] = []
    for rule in rules:
        taken.append(rule)
        if rule.stop:
            break
    return taken


def _promoted(
    base: Sequence[EarnRule],
    promotions: Sequence[EarnRule],
    earned: Sequence[Earned],
    scene: tuple[Sale, Standing],
) -> list[Earned]:
    """What promotions add; those that need a base pay nothing where no base rule paid."""
    sale, member = scene
    if not earned:
        promotions = [rule for rule in promotions if not rule.mechanic.needs_base]
    if not promotions:
        return []

    def points_of_part(unit: str, selects: Selection) -> int:
        chosen = [line for line in sale.lines if selects(line)]
        part = sale if len(chosen) == len(sale.lines) else narrowed(sale, chosen)
        return sum(award.amount for award in _run(base, part, member) if award.unit == unit)

    return _run(promotions, sale._replace(earned=points_of_part), member)
