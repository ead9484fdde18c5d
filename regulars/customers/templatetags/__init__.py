"""Filters for people in templates."""
