"""Receipts: what a till is told about a purchase, the first time and every time after."""

from typing import Any

import msgspec


class Awarded(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What one version of a rule gave, and the number it worked on: money, points, items, visits.

    Where a limit cut the award, `before` is what it was, and `capped_by` names the limit.
    """

    rule_id: int
    unit: str
    amount: int
    basis: int = 0
    before: int = 0
    capped_by: str = ""


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one program gave for one purchase: amounts by unit, balances after, tier, way up.

    `earned` and `balances` are by code of unit. `tier` is "" below the lowest; `next_tier` is ""
    and `missing` 0 at the top. `payouts` are beside what was earned: money for
    a whole window of visits, which does not go back with one purchase. `awards` say what each rule gave, so that every point is explained.
    """

    purchase_id: int
    program: str
    member: str
    earned: dict[str, int]
    balances: dict[str, int]
    tier: str = ""
    next_tier: str = ""
    missing: int = 0
    payouts: dict[str, int] = {}
    awards: tuple[Awarded, ...] = ()


_encode = msgspec.json.Encoder().encode


def written(receipt: Receipt) -> str:
    """The receipt as JSON text, as it is kept."""
    return _encode(receipt).decode()


def read(kept: dict[str, Any]) -> Receipt:
    """The receipt as it was kept."""
    return msgspec.convert(kept, Receipt)
