"""Segments over everybody at once: sizes, samples, overlaps and whole memberships from the lake.

The lake is a little behind the database. Whoever something happened to since is left out there,
asked of the database instead, and added: so the figures are exact.
"""
