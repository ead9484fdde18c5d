"""A purchase at the till while it is made: what its codes take off, what cards pay, what is left."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from regulars.customers.models import Purchase
from regulars.loyalty.models import Cancellation, ValuePayment
from regulars.loyalty.queries.promo import Basket, GoodsLine

SOURCE = "till"
"""Whose numbers the keys of purchases at the till page are."""


@dataclass(frozen=True)
class Sums:
    """What a purchase comes to, in minor units: before codes, after them, and after its cards."""

    before_minor: int
    total_minor: int
    paid_minor: int

    @property
    def due_minor(self) -> int:
        """What is left to pay by other means; below zero where cards pay too much."""
        return self.total_minor - self.paid_minor


def basket_key(key: str) -> str:
    """The name of a purchase among baskets with codes; payments of cards begin with it."""
    return f"{SOURCE}:{key}"


def goods_of(amount_minor: int, named: Sequence[GoodsLine]) -> list[GoodsLine]:
    """The lines of a purchase: goods that were named, and what is left of its amount."""
    rest = amount_minor - sum(line.total_minor for line in named)
    return [*named, GoodsLine("", rest, is_sum=True)] if rest > 0 or not named else list(named)


def basket_of(
    key: str,
    amount_minor: int,
    codes: Sequence[str],
    customer_id: int | None,
    *,
    named: Sequence[GoodsLine] = (),
) -> Basket:
    """The purchase as promo codes see it: its goods, as far as anybody named them."""
    return Basket(basket_key(key), goods_of(amount_minor, named), codes, customer_id)


def purchase_of(key: str) -> Purchase | None:
    """The finished purchase of a key, if it is on record."""
    return Purchase.objects.filter(source=SOURCE, number=key, voided_at=None).first()


def is_undone(key: str) -> bool:
    """Whether the purchase of a key was finished and taken back."""
    return Cancellation.objects.filter(source=SOURCE, number=key).exists()


def payments_of(key: str, *, states: Collection[str]) -> list[ValuePayment]:
    """The payments of a purchase by cards, in the order in which they were made."""
    rows = ValuePayment.objects.filter(key__startswith=f"{basket_key(key)}:", state__in=states)
    return list(rows.select_related("value").order_by("id"))


def live_payments_of(key: str, *, now: datetime) -> list[ValuePayment]:
    """What cards have put aside for a purchase, or have paid; what has lapsed is free again."""
    return [
        one
        for one in payments_of(key, states=("held", "captured"))
        if one.state == "captured" or (one.lapses_at is not None and one.lapses_at > now)
    ]
