"""What the customers domain knows for conditions: profiles, purchases, visits and consents."""

from regulars.customers.known import consents, profiles, trade, visits

__all__ = ["consents", "profiles", "trade", "visits"]
