"""Pages of the company: one module per noun, all known once this package is imported."""

from regulars.company.pages import agents, brand, employees, keys, products, sample, stores, welcome

__all__ = ["agents", "brand", "employees", "keys", "products", "sample", "stores", "welcome"]
