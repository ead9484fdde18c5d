"""Arithmetic and forms of the customers domain: pure, without a database."""
