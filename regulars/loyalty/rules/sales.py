"""What a mechanic sees: a sale or an act, the member's standing, and the awards it gives."""

from collections.abc import Callable, Collection, Iterable, MutableMapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any, NamedTuple

from regulars.loyalty.rules.memory import Memory

made = tuple.__new__
"""Makes a named tuple from all its fields in a third of the time: for what each receipt makes anew."""


class SaleLine(NamedTuple):
    """One product of a sale. The total is what was paid, after the discount."""

    sku: str
    category: str
    quantity_milli: int
    total_minor: int
    discount_minor: int = 0


class Tender(NamedTuple):
    """A part of a sale that was paid by other means than cash or a bank card."""

    kind: str
    amount_minor: int


class Sale(NamedTuple):
    """A purchase as the rules see it; all money in minor units, totals after discounts.

    `redeemed_minor` is what points took off the price, `returned_minor` what came back since.
    `tenders` are gift cards, points used as money and the like: they pay the price and do not
    lower it. `earned` is filled in by the engine for multipliers: the base points of a part of the
    sale.
    """

    purchase_id: int
    customer_id: int
    at: datetime
    total_minor: int
    discount_minor: int = 0
    lines: tuple[SaleLine, ...] = ()
    store: str = ""
    redeemed_minor: int = 0
    returned_minor: int = 0
    tenders: tuple[Tender, ...] = ()
    earned: "Callable[[str, Selection], int] | None" = None

    def paid_by(self, kinds: Iterable[str]) -> int:
        """What was paid by these kinds of tender, in minor units."""
        wanted = frozenset(kinds)
        return sum(one.amount_minor for one in self.tenders if one.kind in wanted)


class Act(NamedTuple):
    """Something a customer did beside buying. What they said in it, or how they rated, is not here.

    Law and the rules of review sites forbid to pay for praise. So no rule may see a score or a
    text, and this is all that a rule sees.
    """

    kind: str
    customer_id: int
    at: datetime


class Back(NamedTuple):
    """Goods of a purchase that came back: of `parts` that it was worth, `left_parts` are left."""

    purchase_id: int
    left_parts: int
    parts: int

    def left_of(self, amount: int) -> int:
        """What is left of an amount of the purchase, rounded down."""
        return amount * self.left_parts // self.parts if self.parts else 0


class Standing(NamedTuple):
    """A member just before a sale: how many visits were counted, and the tiers reached.

    `tier` is that of the main ladder, `tiers` those of the others.
    `segments` and `birthday` are those of the moment of posting, and are read only where a rule
    in force asks for them. `zone` is that of the company: hours and days are counted in it.
    `memory` is what habits and caps keep from sale to sale, and `budgets` what is left of
    campaigns, by code; the engine writes into both, and whoever made them keeps them.
    """

    visits: int = 0
    tier: str = ""
    qualifying: int = 0
    tiers: tuple[str, ...] = ()
    segments: frozenset[str] = frozenset()
    birthday: date | None = None
    zone: tzinfo = UTC
    memory: Memory | None = None
    budgets: MutableMapping[str, int] | None = None

    def has_one_of(self, tiers: Collection[str]) -> bool:
        """Whether the member has one of these tiers, on whatever ladder."""
        return self.tier in tiers or any(tier in tiers for tier in self.tiers)

    def local(self, at: datetime) -> datetime:
        """A moment on the clock of the company."""
        return at.astimezone(self.zone)


class Award(NamedTuple):
    """What one mechanic gives for one sale: a whole amount of a unit, above zero.

    `basis` is what it is the arithmetic of: money in minor units, points, items or visits, as the
    mechanic says.
    """

    unit: str
    amount: int
    basis: int = 0


Gives = Callable[[Sale, Standing], Iterable[Award]]
"""Says what a mechanic gives for a sale of a member."""


class Sides(NamedTuple):
    """What a referral brings: to who brought the friend, and to the friend."""

    referrer: int
    friend: int


Selection = Callable[[SaleLine], bool]
"""Says whether a line belongs to the part of the sale that is meant."""


def narrowed(sale: Sale, lines: Iterable[SaleLine]) -> Sale:
    """The sale as if it had only these lines; its totals are theirs."""
    chosen = tuple(lines)
    return sale._replace(
        lines=chosen,
        total_minor=sum(line.total_minor for line in chosen),
        discount_minor=sum(line.discount_minor for line in chosen),
    )


def everything(line: Any) -> bool:
    """The selection of all lines."""
    return True
