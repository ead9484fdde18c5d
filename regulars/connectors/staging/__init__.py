"""Staging: a file of any kind becomes typed units in order, with every error by its line."""
