"""What the product can do with the company itself."""

from regulars.company.actions.catalogue import add_bare_products
from regulars.company.actions.places import add_bare_stores

__all__ = ["add_bare_products", "add_bare_stores"]
