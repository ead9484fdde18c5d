"""Listening: surveys and their answers, and the signals that every method leaves."""
