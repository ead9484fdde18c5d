"""What the product can do with customers, their purchases and their timeline."""

from regulars.customers.actions.purchases import Recorded, record_purchases
from regulars.customers.rules.purchases import CustomerRef, LineInput, PurchaseInput

__all__ = ["CustomerRef", "LineInput", "PurchaseInput", "Recorded", "record_purchases"]
