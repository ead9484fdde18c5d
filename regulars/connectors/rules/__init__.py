"""Arithmetic and forms of import: pure, without a database."""
