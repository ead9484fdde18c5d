"""Stored value: what a voucher or gift card would do now, as a pure function of its state."""

from dataclasses import dataclass, replace
from datetime import datetime

PIN_MISSES_MAX = 5
"""After so many wrong PINs in a row a card pays nothing until somebody unblocks it."""


@dataclass(frozen=True)
class Purse:
    """The state of a voucher or gift card; amounts in minor units."""

    balance_minor: int
    held_minor: int = 0
    is_single_use: bool = False
    expires_at: datetime | None = None
    is_blocked: bool = False
    pin_misses: int = 0

    @property
    def available_minor(self) -> int:
        """What is neither spent nor held."""
        return self.balance_minor - self.held_minor

    def held(self, amount_minor: int) -> "Purse":
        """The purse with so much more put aside."""
        return replace(self, held_minor=self.held_minor + amount_minor)

    def released(self, amount_minor: int) -> "Purse":
        """The purse with so much less put aside."""
        return replace(self, held_minor=self.held_minor - amount_minor)

    def spent(self, amount_minor: int) -> "Purse":
        """The purse after a payment of what is not put aside."""
        return replace(self, balance_minor=self.balance_minor - amount_minor)

    def given(self, amount_minor: int) -> "Purse":
        """The purse with so much more money in it."""
        return replace(self, balance_minor=self.balance_minor + amount_minor)


def refusal(purse: Purse, amount_minor: int, *, pin_is_right: bool, now: datetime) -> str:
    """Why a purse does not pay an amount, as a code; empty where it does.

    A single-use voucher pays once: not beside another hold.

    >>> from datetime import UTC
    >>> now = datetime(2026, 3, 2, tzinfo=UTC)
    >>> refusal(Purse(500), 600, pin_is_right=True, now=now)
    'not_enough_money'
    >>> refusal(Purse(500, expires_at=now), 100, pin_is_right=True, now=now)
    'has_expired'
    """
    if purse.is_blocked:
        return "is_blocked"
    if purse.pin_misses >= PIN_MISSES_MAX:
        return "too_many_wrong_pins"
    if not pin_is_right:
        return "wrong_pin"
    if purse.expires_at is not None and now >= purse.expires_at:
        return "has_expired"
    if purse.is_single_use and purse.held_minor:
        return "is_held_already"
    return "not_enough_money" if purse.available_minor < amount_minor else ""


def lost_by_single_use(purse: Purse) -> int:
    """What is left of a single-use voucher once it has paid: nothing of it can be spent again.

    >>> lost_by_single_use(Purse(150, is_single_use=True)), lost_by_single_use(Purse(150))
    (150, 0)
    """
    return purse.balance_minor if purse.is_single_use else 0
