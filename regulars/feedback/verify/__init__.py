"""Worked cases of scores, as `regulars verify scores` runs them."""
