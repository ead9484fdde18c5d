"""Earning: which rules pay for a sale, how they add up, and which order they run in.

Base rules come first, then one multiplier of each group on what they gave, then additions, then
habits; caps and budgets cut what came out. Each award is whole before it is cut, rounded once in
the way its rule or program names; as caps are whole too, rounding after them would change nothing.
"""

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from regulars.loyalty.rules.caps import capped, noted
from regulars.loyalty.rules.memory import Memory, Slot
from regulars.loyalty.rules.sales import (
    Act,
    Award,
    Back,
    Gives,
    Sale,
    Selection,
    Sides,
    Standing,
    made,
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
    @property
    def follows_from_purchases(self) -> bool: ...
    def awards(self, sale: Sale, member: Standing) -> Iterable[Award]: ...
    def compiled(self) -> Gives: ...
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


Run = Callable[[Sale, Standing], list[Earned]]
"""Asks some rules what they give for a sale."""


def running(rules: Sequence[EarnRule]) -> Run:
    """Asks these rules, one after the other; what is the same for all sales is looked up here."""
    asked = [(rule, rule.mechanic.compiled()) for rule in rules]
    is_grouped = any(rule.mechanic.group for rule in rules)

    def run(sale: Sale, member: Standing) -> list[Earned]:
        earned = [
            made(Earned, (rule, unit, amount, basis, 0, ""))
            for rule, awards in asked
            for unit, amount, basis in awards(sale, member)
        ]
        return _one_of_each_group(earned) if is_grouped else earned

    return run


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
        self._earn = _STACKED[stacking](self.base, self.promotions)
        self._welcome = running(self.joining)
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
        return self._welcome(sale, Standing())

    def earn(self, sale: Sale, member: Standing) -> list[Earned]:
        """What each rule gives for a sale, by the program's way of stacking.

        Habits and caps are written into the standing's memory, spent budget into its budgets.
        """
        earned = self._earn(sale, member)
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
        if not any(_is_cut(one.rule.mechanic) for one in earned):
            return list(earned)
        day = member.local(at).date()
        memory = member.memory if member.memory is not None else Memory()
        return [
            _cut(one, memory, day, budgets=member.budgets) if _is_cut(one.rule.mechanic) else one
            for one in earned
        ]


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


Promote = Callable[[list[Earned], Sale, Standing], list[Earned]]
"""What promotions add to what was earned so far."""


def _promoting(promotions: Sequence[EarnRule], base: Run) -> Promote:
    """What these promotions add; those that need a base pay nothing where no base rule paid."""
    run = running(promotions)
    run_alone = running([rule for rule in promotions if not rule.mechanic.needs_base])
    if any(rule.mechanic.stage == "multiplier" for rule in promotions):
        run, run_alone = _with_base(run, base), _with_base(run_alone, base)

    def promote(earned: list[Earned], sale: Sale, member: Standing) -> list[Earned]:
        return run(sale, member) if earned else run_alone(sale, member)

    return promote


def _with_base(run: Run, base: Run) -> Run:
    """For multipliers: they may ask the base rules again, for the part that they are about.

    The last field of a sale, `earned`, is theirs.
    """

    def run_with_base(sale: Sale, member: Standing) -> list[Earned]:
        def points_of_part(unit: str, selects: Selection) -> int:
            chosen = [line for line in sale.lines if selects(line)]
            part = sale if len(chosen) == len(sale.lines) else narrowed(sale, chosen)
            return sum([one.amount for one in base(part, member) if one.unit == unit])

        return run(made(Sale, (*sale[:-1], points_of_part)), member)

    return run_with_base


def _all(base: Sequence[EarnRule], promotions: Sequence[EarnRule]) -> Run:
    run = running(base)
    if not promotions:
        return run
    promote = _promoting(promotions, run)

    def earn(sale: Sale, member: Standing) -> list[Earned]:
        earned = run(sale, member)
        more = promote(earned, sale, member)
        return earned + more if more else earned

    return earn


def _best(base: Sequence[EarnRule], promotions: Sequence[EarnRule]) -> Run:
    """Within each unit the rule worth most pays; a tie goes to the rule listed first."""
    newest = sorted(promotions, key=lambda rule: rule.made_at)[-1:]
    known: dict[tuple[int, ...], Promote] = {}

    def earn(sale: Sale, member: Standing) -> list[Earned]:
        best: dict[str, tuple[int, int, int]] = {}
        for place, rule in enumerate(base):
            for unit, (amount, basis) in _worth(rule, sale, member).items():
                if unit not in best or amount > best[unit][0]:
                    best[unit] = (amount, place, basis)
        places = tuple([place for _, place, _ in best.values()])
        earned = [Earned(base[p], unit, amount, basis) for unit, (amount, p, basis) in best.items()]
        if places not in known:
            known[places] = _promoting(newest, running([base[place] for place in places]))
        return earned + known[places](earned, sale, member)

    return earn


def _worth(rule: EarnRule, sale: Sale, member: Standing) -> dict[str, tuple[int, int]]:
    """By unit what a rule gives in all, and what that is the arithmetic of."""
    worth: dict[str, tuple[int, int]] = {}
    for award in rule.mechanic.awards(sale, member):
        amount, basis = worth.get(award.unit, (0, 0))
        worth[award.unit] = (amount + award.amount, basis + award.basis)
    return worth


def _ordered(base: Sequence[EarnRule], promotions: Sequence[EarnRule]) -> Run:
    run = running(base)
    if any(rule.stop for rule in base):
        return run
    multipliers = [rule for rule in promotions if rule.mechanic.stage == "multiplier"]
    newest_first = sorted(multipliers, key=lambda rule: rule.made_at, reverse=True)
    tried = [(rule, _promoting([rule], run)) for rule in newest_first]
    additions = [rule for rule in promotions if rule.mechanic.stage == "addition"]
    add = _promoting(_until_stop(additions), run)

    def earn(sale: Sale, member: Standing) -> list[Earned]:
        earned = run(sale, member)
        for rule, multiply in tried:
            if more := multiply(earned, sale, member):
                earned += more
                if rule.stop:
                    return earned
                break
        return earned + add(earned, sale, member)

    return earn


def _until_stop(rules: Sequence[EarnRule]) -> list[EarnRule]:
    taken: list[EarnRule] = []
    for rule in rules:
        taken.append(rule)
        if rule.stop:
            break
    return taken


_STACKED: dict[Stacking, Callable[[Sequence[EarnRule], Sequence[EarnRule]], Run]] = {
    "all": _all,
    "best": _best,
    "ordered": _ordered,
}
