"""Pages of the customers domain: the list, one customer, and what a store sold."""

from regulars.customers.pages import (
    access,
    beliefs,
    consents,
    customer,
    happenings,
    listed,
    matches,
    person,
    privacy,
    purposes,
    sales,
    unsettled,
)

__all__ = [
    "access",
    "beliefs",
    "consents",
    "customer",
    "happenings",
    "listed",
    "matches",
    "person",
    "privacy",
    "purposes",
    "sales",
    "unsettled",
]
