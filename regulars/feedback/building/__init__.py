"""Definitions while people build them: edits, logic in words, texts side by side, what changed. Pure."""
