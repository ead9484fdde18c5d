"""What loyalty can do: post purchases, redeem and give back points, enrol, set up programs."""

from regulars.loyalty.actions.activating import activate_points
from regulars.loyalty.actions.acts import reward_acts
from regulars.loyalty.actions.campaigns import CampaignInput, change_campaign, open_campaign
from regulars.loyalty.actions.expiring import expire_points
from regulars.loyalty.actions.grouping import regroup_everywhere, regroup_members
from regulars.loyalty.actions.holding import (
    capture_hold,
    hold_points,
    lapse_holds,
    release_hold,
)
from regulars.loyalty.actions.judging import judge_due_members
from regulars.loyalty.actions.laddering import (
    LadderInput,
    StepInput,
    end_given_tier,
    give_tier,
    set_ladder,
)
from regulars.loyalty.actions.members import enrol_members
from regulars.loyalty.actions.posting import Taken, post_purchases, take_purchases
from regulars.loyalty.actions.programs import (
    ProgramInput,
    RuleInput,
    TermsInput,
    TierInput,
    UnitInput,
    add_unit,
    end_rule,
    open_program,
    set_rule,
    set_terms,
    set_tiers,
)
from regulars.loyalty.actions.redeeming import link_redemptions, redeem_points, undo_redemption
from regulars.loyalty.actions.referring import refer_friend
from regulars.loyalty.actions.reversing import post_returns, reverse_purchases
from regulars.loyalty.actions.sealing import seal_transfers
from regulars.loyalty.actions.standards import open_standard_program
from regulars.loyalty.rules.receipts import Receipt

__all__ = [
    "CampaignInput",
    "LadderInput",
    "ProgramInput",
    "Receipt",
    "RuleInput",
    "StepInput",
    "Taken",
    "TermsInput",
    "TierInput",
    "UnitInput",
    "activate_points",
    "add_unit",
    "capture_hold",
    "change_campaign",
    "end_given_tier",
    "end_rule",
    "enrol_members",
    "expire_points",
    "give_tier",
    "hold_points",
    "judge_due_members",
    "lapse_holds",
    "link_redemptions",
    "open_campaign",
    "open_program",
    "open_standard_program",
    "post_purchases",
    "post_returns",
    "redeem_points",
    "refer_friend",
    "regroup_everywhere",
    "regroup_members",
    "release_hold",
    "reverse_purchases",
    "reward_acts",
    "seal_transfers",
    "set_ladder",
    "set_rule",
    "set_terms",
    "set_tiers",
    "take_purchases",
    "undo_redemption",
]
