"""Surveys of other programs become definitions, with a report of what could not be carried."""
