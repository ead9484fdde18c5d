"""The tables of loyalty: programs and their rules, members and their accounts, the ledger."""

from regulars.loyalty.models.earning import Campaign, MemberMemory
from regulars.loyalty.models.ledger import (
    Account,
    Accrual,
    Lot,
    LotUse,
    Redemption,
    Restoration,
    Reversal,
    Shortfall,
    Transfer,
)
from regulars.loyalty.models.liability import LiabilityEstimate, StatedRate
from regulars.loyalty.models.members import Member, TierChange
from regulars.loyalty.models.programs import Program, Rule, Tier, Unit
from regulars.loyalty.models.referrals import Referral
from regulars.loyalty.models.till import Cancellation

__all__ = [
    "Account",
    "Accrual",
    "Campaign",
    "Cancellation",
    "LiabilityEstimate",
    "Lot",
    "LotUse",
    "Member",
    "MemberMemory",
    "Program",
    "Redemption",
    "Referral",
    "Restoration",
    "Reversal",
    "Rule",
    "Shortfall",
    "StatedRate",
    "Tier",
    "TierChange",
    "Transfer",
    "Unit",
]
