"""Worked cases of others, run through the product: one file of adapters for each area."""
