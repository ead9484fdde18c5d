"""Promo codes: which of a basket's codes hold, why the others do not, and what they take off.

Codes are judged in the order in which they were entered. The first reason that applies is given.
What a code takes counts at once, so that of two baskets in a batch the second sees the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from regulars.loyalty.rules.discounts import BasketLine, Discount, Priced, priced


@dataclass(frozen=True)
class Terms:
    """What a promotion gives and asks; amounts in minor units, `percent_bp` in hundredths of a percent."""

    id: int
    scope: str
    percent_bp: int
    amount_minor: int
    max_minor: int | None
    basket_min_minor: int
    valid_from: datetime | None
    valid_to: datetime | None
    uses_max: int | None
    per_customer_max: int | None
    stacking: str
    stack_group: str
    is_open: bool
    has_condition: bool
    currency: str = ""

    def discount(self, code: str) -> Discount:
        """The discount of a code, for the arithmetic of baskets."""
        return Discount(
            code, self.scope, Fraction(self.percent_bp, 100), self.amount_minor, self.max_minor
        )


@dataclass(frozen=True)
class Code:
    """A code: of which promotion, whose it is (a person), its own limit."""

    id: int
    promotion_id: int
    owner_id: int | None
    uses_max: int | None
    valid_to: datetime | None
    is_blocked: bool
    is_owned: bool = False


@dataclass
class Counts:
    """How often promotions, codes and persons' codes are in use; judging adds to it."""

    promotions: dict[int, int] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)
    persons: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, code: Code, person_id: int | None) -> None:
        """One use more."""
        self.promotions[code.promotion_id] = self.promotions.get(code.promotion_id, 0) + 1
        self.codes[code.id] = self.codes.get(code.id, 0) + 1
        if person_id is not None:
            key = (code.promotion_id, person_id)
            self.persons[key] = self.persons.get(key, 0) + 1


@dataclass(frozen=True)
class Ask:
    """A basket with the codes that were entered, in their normal spelling; empty for what is none."""

    lines: Sequence[BasketLine]
    codes: Sequence[str]
    person_id: int | None
    at: datetime
    total_minor: int


@dataclass(frozen=True)
class World:
    """What is known of codes and promotions, and of whom their conditions hold."""

    terms: Mapping[int, Terms]
    codes: Mapping[str, Code]
    counts: Counts
    matching: Mapping[int, frozenset[int]]


class Verdict(NamedTuple):
    """What became of one code; without a reason it holds."""

    code: str
    reason: str
    discount_minor: int = 0


@dataclass(frozen=True)
class Judged:
    """What a basket is told, and the codes that it uses."""

    verdicts: tuple[Verdict, ...]
    bought: Priced
    used: tuple[Code, ...]


def judged(ask: Ask, world: World) -> Judged:
    """The verdict on each code of a basket; those that hold are counted in the world."""
    accepted: list[tuple[str, Code]] = []
    reasons: dict[int, str] = {}
    bought = priced(ask.lines, [])
    for place, text in enumerate(ask.codes):
        reason, taken = _reason(text, ask, world=world, accepted=accepted, bought=bought)
        if reason:
            reasons[place] = reason
        elif taken:
            accepted.append((text, world.codes[text]))
            world.counts.add(world.codes[text], ask.person_id)
            bought = taken
    minors = {one.id: one.minor for one in bought.taken}
    verdicts = [
        Verdict(text, reasons.get(place, ""), 0 if place in reasons else minors[text])
        for place, text in enumerate(ask.codes)
    ]
    return Judged(tuple(verdicts), bought, tuple(code for _, code in accepted))


def _reason(
    text: str, ask: Ask, *, world: World, accepted: Sequence[tuple[str, Code]], bought: Priced
) -> tuple[str, Priced | None]:
    """Why a code does not hold, or the basket with its discount."""
    code = world.codes.get(text)
    if code is None:
        return "unknown_code", None
    if any(text == other for other, _ in accepted):
        return "entered_twice", None
    terms = world.terms[code.promotion_id]
    others = [world.terms[other.promotion_id] for _, other in accepted]
    reason = (
        _not_now(code, terms, ask.at)
        or _not_theirs(code, terms, ask, world=world)
        or _used_up(code, terms, ask.person_id, counts=world.counts)
        or ("basket_too_small" if ask.total_minor < terms.basket_min_minor else "")
        or ("does_not_stack" if not stacks(terms, others) else "")
    )
    if reason:
        return reason, None
    discounts = [world.terms[other.promotion_id].discount(name) for name, other in accepted]
    after = priced(ask.lines, [*discounts, terms.discount(text)])
    return ("", after) if after.total_minor < bought.total_minor else ("nothing_to_discount", None)


def _not_now(code: Code, terms: Terms, at: datetime) -> str:
    if code.is_blocked:
        return "code_is_blocked"
    if not terms.is_open:
        return "promotion_is_closed"
    if terms.valid_from is not None and at < terms.valid_from:
        return "not_yet_valid"
    ends = [end for end in (terms.valid_to, code.valid_to) if end is not None]
    return "no_longer_valid" if ends and at >= min(ends) else ""


def _not_theirs(code: Code, terms: Terms, ask: Ask, *, world: World) -> str:
    asks_who = code.is_owned or terms.has_condition or terms.per_customer_max is not None
    if not asks_who:
        return ""
    if ask.person_id is None:
        return "customer_is_unknown"
    if code.is_owned and code.owner_id != ask.person_id:
        return "other_customer"
    if terms.has_condition and ask.person_id not in world.matching.get(terms.id, frozenset()):
        return "condition_not_met"
    return ""


def _used_up(code: Code, terms: Terms, person_id: int | None, *, counts: Counts) -> str:
    if code.uses_max is not None and counts.codes.get(code.id, 0) >= code.uses_max:
        return "code_is_used_up"
    if terms.uses_max is not None and counts.promotions.get(terms.id, 0) >= terms.uses_max:
        return "promotion_is_used_up"
    if terms.per_customer_max is None or person_id is None:
        return ""
    mine = counts.persons.get((terms.id, person_id), 0)
    return "customer_limit_is_reached" if mine >= terms.per_customer_max else ""


def stacks(terms: Terms, others: Sequence[Terms]) -> bool:
    """Whether a promotion may stand in one basket with those accepted before it.

    `alone` bears no other; `group` bears others, but none of its own group; `any` bears all that
    bear it. A second code of the same promotion never stacks.
    """
    for other in others:
        if other.id == terms.id or "alone" in (terms.stacking, other.stacking):
            return False
        if "group" in (terms.stacking, other.stacking) and terms.stack_group == other.stack_group:
            return False
    return True
