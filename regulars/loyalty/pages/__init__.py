"""Pages of loyalty: one module per noun, all known once this package is imported."""

from regulars.loyalty.pages import (
    campaigns,
    cards,
    choosing,
    drafts,
    earning,
    gift_cards,
    happenings,
    ladders,
    liability,
    members,
    programs,
    promotions,
    rewards,
    terms,
    tills,
    wallets,
)

__all__ = [
    "campaigns",
    "cards",
    "choosing",
    "drafts",
    "earning",
    "gift_cards",
    "happenings",
    "ladders",
    "liability",
    "members",
    "programs",
    "promotions",
    "rewards",
    "terms",
    "tills",
    "wallets",
]
