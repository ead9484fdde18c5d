"""What the product can do with the company itself."""

from regulars.company.actions.brand import BrandInput, remove_sample_data, set_brand, set_sample
from regulars.company.actions.catalogue import add_bare_products, add_products
from regulars.company.actions.places import Added, add_bare_stores, add_stores, change_store
from regulars.company.rules import ProductInput, StoreInput

__all__ = [
    "Added",
    "BrandInput",
    "ProductInput",
    "StoreInput",
    "add_bare_products",
    "add_bare_stores",
    "add_products",
    "add_stores",
    "change_store",
    "remove_sample_data",
    "set_brand",
    "set_sample",
]
