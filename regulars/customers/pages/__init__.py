"""Pages of the customers domain: the list, one customer, and what a store sold."""

from regulars.customers.pages import (
    access,
    beliefs,
    consents,
    customer,
    listed,
    matches,
    person,
    privacy,
    purposes,
    sales,
)

__all__ = [
    "access",
    "beliefs",
    "consents",
    "customer",
    "listed",
    "matches",
    "person",
    "privacy",
    "purposes",
    "sales",
]
