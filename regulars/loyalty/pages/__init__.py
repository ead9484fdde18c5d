"""Pages of loyalty: one module per noun, all known once this package is imported."""

from regulars.loyalty.pages import cards, programs, rules, tills, wallets

__all__ = ["cards", "programs", "rules", "tills", "wallets"]
