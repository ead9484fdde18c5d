"""Regulars: a platform for companies that want their customers to come back."""

__version__ = "0.1.0"
