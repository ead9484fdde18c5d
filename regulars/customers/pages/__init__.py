"""Pages of the customers domain: the list, one customer, and what a store sold."""

from regulars.customers.pages import customer, listed, privacy, sales

__all__ = ["customer", "listed", "privacy", "sales"]
