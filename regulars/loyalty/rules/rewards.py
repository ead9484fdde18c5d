"""Rewards: what one costs a member, whether it is to be had, and how an order goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

NEXT_STATES: Mapping[str, frozenset[str]] = {
    "ordered": frozenset({"ready", "delivered", "cancelled"}),
    "ready": frozenset({"delivered", "cancelled"}),
    "delivered": frozenset({"cancelled"}),
    "cancelled": frozenset(),
}
"""Where an order may go from where it is; a cancelled one stays so."""


@dataclass(frozen=True)
class Offer:
    """What a reward asks and how much of it there is; `tier_prices` by code of tier, None: not for it."""

    price: int
    tier_prices: Mapping[str, int | None]
    stock: int | None = None
    taken: int = 0
    per_member_max: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_open: bool = True


def price_for(offer: Offer, tier: str) -> int | None:
    """What a member of a tier (empty: none) pays, in units of the reward; None: not for that tier.

    >>> price_for(Offer(100, {"gold": 80, "": None}), "gold"), price_for(Offer(100, {}), "gold")
    (80, 100)
    >>> price_for(Offer(100, {"": None}), "") is None
    True
    """
    return offer.tier_prices.get(tier, offer.price)


def obstacle(offer: Offer, tier: str, *, chosen: int, now: datetime) -> str:
    """Why a member may not choose a reward now, as a code; empty where they may.

    `chosen` is how often the person has chosen it already, cancelled orders aside.
    """
    if not offer.is_open:
        return "reward_is_closed"
    if offer.valid_from is not None and now < offer.valid_from:
        return "not_yet_valid"
    if offer.valid_to is not None and now >= offer.valid_to:
        return "no_longer_valid"
    if price_for(offer, tier) is None:
        return "not_for_this_tier"
    if offer.per_member_max is not None and chosen >= offer.per_member_max:
        return "member_limit_is_reached"
    return "out_of_stock" if offer.stock is not None and offer.taken >= offer.stock else ""


def may_go(before: str, after: str) -> bool:
    """Whether an order in one state may go to another.

    >>> may_go("ordered", "delivered"), may_go("cancelled", "ready")
    (True, False)
    """
    return after in NEXT_STATES[before]
