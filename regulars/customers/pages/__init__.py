"""Pages of the customers domain: the list, one customer, and what a store sold."""

from regulars.customers.pages import consents, customer, listed, privacy, purposes, sales

__all__ = ["consents", "customer", "listed", "privacy", "purposes", "sales"]
