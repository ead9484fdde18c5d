"""Tiers: a pure function of what a member did, the rules of each ladder, and the clock."""

from regulars.loyalty.rules.tiers.steps import Ladder, Step, Way, tier_for, way_to_next

__all__ = ["Ladder", "Step", "Way", "tier_for", "way_to_next"]
