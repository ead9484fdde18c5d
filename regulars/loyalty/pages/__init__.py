"""Pages of loyalty: one module per noun, all known once this package is imported."""

from regulars.loyalty.pages import (
    card_app,
    cards,
    choosing,
    earning,
    gift_cards,
    happenings,
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
    "card_app",
    "cards",
    "choosing",
    "earning",
    "gift_cards",
    "happenings",
    "liability",
    "members",
    "programs",
    "promotions",
    "rewards",
    "terms",
    "tills",
    "wallets",
]
