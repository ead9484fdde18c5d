"""The tables of loyalty: programs and their rules, members and their accounts, the ledger."""

from regulars.loyalty.models.adjustments import Adjustment
from regulars.loyalty.models.drafts import Draft
from regulars.loyalty.models.earning import Campaign, MemberMemory
from regulars.loyalty.models.guarding import Alarm, SpendingCode, Watch
from regulars.loyalty.models.handovers import Handover
from regulars.loyalty.models.households import Household, Seat
from regulars.loyalty.models.ladders import GivenTier, LadderStanding, LadderVersion
from regulars.loyalty.models.ledger import (
    Account,
    Accrual,
    Hold,
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
from regulars.loyalty.models.partners import Partner, PartnerStatement
from regulars.loyalty.models.programs import Ladder, Program, Rule, Tier, Unit
from regulars.loyalty.models.promotions import PromoCode, PromoReservation, Promotion, PromoUse
from regulars.loyalty.models.referrals import Referral
from regulars.loyalty.models.reminders import ExpiryReminder, FallWarning
from regulars.loyalty.models.rewards import Reward, RewardOrder, RewardStep
from regulars.loyalty.models.seals import Seal
from regulars.loyalty.models.till import Cancellation
from regulars.loyalty.models.values import StoredValue, ValueEntry, ValuePayment

__all__ = [
    "Account",
    "Accrual",
    "Adjustment",
    "Alarm",
    "Campaign",
    "Cancellation",
    "Draft",
    "ExpiryReminder",
    "FallWarning",
    "GivenTier",
    "Handover",
    "Hold",
    "Household",
    "Ladder",
    "LadderStanding",
    "LadderVersion",
    "LiabilityEstimate",
    "Lot",
    "LotUse",
    "Member",
    "MemberMemory",
    "Partner",
    "PartnerStatement",
    "Program",
    "PromoCode",
    "PromoReservation",
    "PromoUse",
    "Promotion",
    "Redemption",
    "Referral",
    "Restoration",
    "Reversal",
    "Reward",
    "RewardOrder",
    "RewardStep",
    "Rule",
    "Seal",
    "Seat",
    "Shortfall",
    "SpendingCode",
    "StatedRate",
    "StoredValue",
    "Tier",
    "TierChange",
    "Transfer",
    "Unit",
    "ValueEntry",
    "ValuePayment",
    "Watch",
]
