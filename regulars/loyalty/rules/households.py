"""Households: whose points may be spent by whom, and which lots pay when one of them spends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from regulars.loyalty.rules.lots import Use, taken_in_order

LAST = datetime.max.replace(tzinfo=UTC)
MEMBERS_MAX = 50


class HouseholdRules(BaseModel):
    """What a program says of households.

    `earns`: whose points are shared, of all or of the head only. `spends`: who may spend what is
    shared. `share_percent`: how much of what each lot was granted others may spend at most.
    `leaving`: what was not spent goes along (`take`), or its share stays with the head (`stay`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    members_max: int = Field(default=6, ge=2, le=MEMBERS_MAX)
    earns: Literal["all", "head"] = "all"
    spends: Literal["all", "head"] = "all"
    share_percent: int = Field(default=100, ge=1, le=100)
    leaving: Literal["take", "stay"] = "take"


class SharedLot(NamedTuple):
    """A usable lot of somebody in a household, and how much of it the one who spends may take."""

    id: int
    account_id: int
    usable: int
    expires_at: datetime | None
    age: int
    is_own: bool


def shared_part(granted: int, remaining: int, *, share_percent: int, drawn: int = 0) -> int:
    """How much of a lot others may spend: its share, less what they spent of it before.

    >>> shared_part(100, 100, share_percent=50), shared_part(100, 100, share_percent=50, drawn=30)
    (50, 20)
    >>> shared_part(100, 40, share_percent=50)
    40
    """
    return max(min(remaining, granted * share_percent // 100 - drawn), 0)


def taken_from_household(lots: Sequence[SharedLot], amount: int) -> list[Use]:
    """Which lots pay an amount: soonest expiring first, whoever's they are.

    Of lots that end at the same moment one's own come first, then the oldest.

    >>> mine = SharedLot(1, 10, 30, None, 1, True)
    >>> theirs = SharedLot(2, 20, 30, datetime(2026, 5, 1, tzinfo=UTC), 2, False)
    >>> taken_from_household([mine, theirs], 40)
    [Use(lot_id=2, amount=30), Use(lot_id=1, amount=10)]
    """
    order = sorted(
        lots,
        key=lambda lot: (
            lot.expires_at is None,
            lot.expires_at or LAST,
            not lot.is_own,
            lot.age,
            lot.id,
        ),
    )
    return taken_in_order([(lot.id, lot.usable) for lot in order], amount)
