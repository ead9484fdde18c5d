"""What a mechanic sees: a sale, the member's standing, and the awards it gives."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, NamedTuple


class SaleLine(NamedTuple):
    """One product of a sale. The total is what was paid, after the discount."""

    sku: str
    category: str
    quantity_milli: int
    total_minor: int
    discount_minor: int = 0


class Sale(NamedTuple):
    """A purchase as the rules see it; all money in minor units, totals after discounts.

    `redeemed_minor` is what was paid by points, `returned_minor` what came back since. `earned` is
    filled in by the engine for multipliers: the base points of a part of the sale.
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
    earned: "Callable[[str, Selection], int] | None" = None


class Standing(NamedTuple):
    """A member just before a sale: how many visits were counted, and the tier reached."""

    visits: int = 0
    tier: str = ""
    qualifying: int = 0


class Award(NamedTuple):
    """What one mechanic gives for one sale: a whole amount of a unit, above zero."""

    unit: str
    amount: int


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
