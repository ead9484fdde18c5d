"""Pages of loyalty: one module per noun, all known once this package is imported."""

from regulars.loyalty.pages import (
    cards,
    earning,
    happenings,
    liability,
    members,
    programs,
    terms,
    tills,
    wallets,
)

__all__ = [
    "cards",
    "earning",
    "happenings",
    "liability",
    "members",
    "programs",
    "terms",
    "tills",
    "wallets",
]
