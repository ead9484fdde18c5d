"""Receipts: what a till is told about a purchase, the first time and every time after."""

from typing import Any

import msgspec


class Receipt(msgspec.Struct, frozen=True):
    """What one program gave for one purchase: amounts by unit, balances after, tier, way up.

    `earned` and `balances` are by code of unit. `tier` is "" below the lowest; `next_tier` is ""
    and `missing` 0 at the top.
    """

    purchase_id: int
    program: str
    member: str
    earned: dict[str, int]
    balances: dict[str, int]
    tier: str = ""
    next_tier: str = ""
    missing: int = 0


_encode = msgspec.json.Encoder().encode


def written(receipt: Receipt) -> str:
    """The receipt as JSON text, as it is kept."""
    return _encode(receipt).decode()


def read(kept: dict[str, Any]) -> Receipt:
    """The receipt as it was kept."""
    return msgspec.convert(kept, Receipt)
