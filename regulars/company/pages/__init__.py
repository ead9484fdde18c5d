"""Pages of the company: one module per noun, all known once this package is imported."""

from regulars.company.pages import keys

__all__ = ["keys"]
