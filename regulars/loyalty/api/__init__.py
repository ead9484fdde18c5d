"""What tills, shops and other systems ask of loyalty."""

from ninja import Router

from regulars.loyalty.api import (
    adjusting,
    campaigns,
    drafts,
    guarding,
    handovers,
    holds,
    households,
    ladders,
    ledger,
    liability,
    members,
    partners,
    programs,
    promo,
    purchases,
    rewards,
    units,
    values,
)
from regulars.loyalty.till.described import describe

router = Router()
router.add_router("", purchases.router)
router.add_router("", members.router)
router.add_router("", liability.router)
router.add_router("", campaigns.router)
router.add_router("", drafts.router)
router.add_router("", rewards.router)
router.add_router("", promo.router)
router.add_router("", values.router)
router.add_router("", holds.router)
router.add_router("", households.router)
router.add_router("", ladders.router)
router.add_router("", adjusting.router)
router.add_router("", units.router)
router.add_router("", handovers.router)
router.add_router("", guarding.router)
router.add_router("", programs.router)
router.add_router("", ledger.router)
router.add_router("", partners.router)

describe()
