"""Real coupon days of the data, taken as days on which points were spent."""

from datetime import UTC
from pathlib import Path

import duckdb

from regulars.core.errors import Refused
from regulars.customers.models import Identity
from regulars.loyalty.actions import redeem_points
from regulars.loyalty.models import Member, Program

POINTS_EACH = 50
"""What one coupon of the data costs in points; a member without enough keeps the points."""


def redeem_coupons(program: Program, path: Path) -> int:
    """Spend points where a member handed in coupons; how many redemptions there were."""
    rows = duckdb.execute(f"SELECT household, coupons, redeemed_at FROM '{path}'").fetchall()
    members = _members_by_household(program)
    count = 0
    for household, coupons, redeemed_at in rows:
        member = members.get(str(household))
        if member is None:
            continue
        at = redeemed_at.replace(tzinfo=UTC)
        try:
            redeem_points(
                member, coupons * POINTS_EACH, key=f"coupon:{household}:{at:%Y%m%d}", now=at
            )
        except Refused:
            continue
        count += 1
    return count


def _members_by_household(program: Program) -> dict[str, Member]:
    members = {member.customer_id: member for member in Member.objects.filter(program=program)}
    return {
        value: members[customer_id]
        for customer_id, value in Identity.objects.filter(kind="id@completejourney").values_list(
            "customer_id", "value"
        )
        if customer_id in members
    }
