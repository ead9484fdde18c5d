"""Kinds of webhook messages, a file for each subject."""
