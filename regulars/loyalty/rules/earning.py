"""Earning: which rules pay for a sale, how they add up, and which order they run in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from regulars.loyalty.rules.sales import Award, Sale, Selection, Standing, narrowed

Stage = Literal["joining", "base", "multiplier", "addition"]
"""When a mechanic has its turn: as a member joins, or in this order over a sale."""

Stacking = Literal["all", "best", "ordered"]
"""How several matching rules add up.

`all`: every base rule pays, then every multiplier and addition.
`best`: the base rule worth most pays, and of the promotions only the newest.
`ordered`: base rules, one multiplier (the newest), additions; a rule marked to stop is the last.
Promotions (multipliers and additions that need a base) pay only where a base rule paid.
"""


class Earns(Protocol):
    """What the engine asks of a mechanic."""

    @property
    def stage(self) -> Stage: ...
    @property
    def needs_base(self) -> bool: ...
    @property
    def needs_lines(self) -> bool: ...
    def awards(self, sale: Sale, member: Standing) -> Iterator[Award]: ...


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
    """What one rule gave for one sale."""

    rule: EarnRule
    unit: str
    amount: int


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
        self.base = [rule for rule in rules if rule.mechanic.stage == "base"]
        self.promotions = [r for r in rules if r.mechanic.stage in {"multiplier", "addition"}]
        self.joining = [rule for rule in rules if rule.mechanic.stage == "joining"]
        self._earn = {"all": _all, "best": _best, "ordered": _ordered}[stacking]
        self._plain = stacking == "all" and not self.promotions

    @property
    def needs_lines(self) -> bool:
        """Whether any rule looks at lines; where none does, they need not be read."""
        return any(rule.mechanic.needs_lines for rule in self.rules)

    def welcome(self, sale: Sale) -> list[Earned]:
        """What a member gets for joining; the sale is an empty one that carries the moment."""
        return _run(self.joining, sale, Standing())

    def earn(self, sale: Sale, member: Standing) -> list[Earned]:
        """What each rule gives for a sale, by the program's way of stacking; no award of nothing."""
        if self._plain:
            return _run(self.base, sale, member)
        return self._earn(self.base, self.promotions, sale, member)


class History:
    """A rule book for each moment, as rules come into force and are replaced."""

    def __init__(self, rules: Sequence[EarnRule], *, stacking: Stacking = "all") -> None:
        self._rules = rules
        self._stacking: Stacking = stacking
        self._books: dict[tuple[int, ...], RuleBook] = {}
        bounds = {rule.in_force_from for rule in rules} | {rule.in_force_to for rule in rules}
        self._bounds = sorted(bound for bound in bounds if bound is not None)
        self._current: tuple[datetime, datetime, RuleBook] | None = None

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
    return [
        Earned(rule, award.unit, award.amount)
        for rule in rules
        for award in rule.mechanic.awards(sale, member)
    ]


def _all(
    base: Sequence[EarnRule], promotions: Sequence[EarnRule], sale: Sale, member: Standing
) -> list[Earned]:
    earned = _run(base, sale, member)
    return earned + _promoted(base, promotions, earned, (sale, member))


def _best(
    base: Sequence[EarnRule], promotions: Sequence[EarnRule], sale: Sale, member: Standing
) -> list[Earned]:
    """Within each unit the rule worth most pays; a tie goes to the rule listed first."""
    best: dict[str, tuple[int, EarnRule]] = {}
    for rule in base:
        worth: dict[str, int] = {}
        for award in rule.mechanic.awards(sale, member):
            worth[award.unit] = worth.get(award.unit, 0) + award.amount
        for unit, amount in worth.items():
            if unit not in best or amount > best[unit][0]:
                best[unit] = (amount, rule)
    earned = [Earned(rule, unit, amount) for unit, (amount, rule) in best.items()]
    winners = [rule for _, rule in best.values()]
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
