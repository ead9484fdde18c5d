"""Mechanics: each file is one kind of earn rule, its settings and its arithmetic."""
