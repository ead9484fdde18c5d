"""Arithmetic of insight: periods, RFM, changes. No Django, no clock."""
