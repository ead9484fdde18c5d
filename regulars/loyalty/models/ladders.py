"""Ladders of tiers: their versions, and where each member stands on them."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Ladder, Tier


class LadderVersion(Record):
    """One version of a ladder: its rules and steps, in force from a moment on."""

    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(default=1)
    rules = models.JSONField(default=dict)
    steps = models.JSONField(default=list)
    in_force_from = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_ladder_has_each_version_once", fields=("ladder", "version")
            ),
            models.UniqueConstraint(
                name="one_version_of_a_ladder_at_a_time", fields=("ladder", "in_force_from")
            ),
        )


class LadderStanding(Record):
    """Where a member stands on a ladder that has a memory: derived, and rebuilt at any time."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    since = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    counted = models.BigIntegerField(default=0)
    version = models.PositiveIntegerField(default=0)
    state = models.JSONField()
    turns_at = models.DateTimeField(null=True, help_text="when the clock has to be heard next")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_member_stands_once_on_a_ladder", fields=("member", "ladder")
            ),
        )
        indexes = (
            models.Index(
                fields=("turns_at",), name="standing_by_turn", condition=Q(turns_at__isnull=False)
            ),
            models.Index(
                fields=("valid_until",),
                name="standing_by_end",
                condition=Q(valid_until__isnull=False),
            ),
        )


class GivenTier(Record):
    """A tier given to a member by hand, with its own end and its reason."""

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    since = models.DateTimeField()
    to = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_given_tier_ends_after_it_begins",
                condition=Q(to__isnull=True) | Q(to__gte=F("since")),
            ),
        )
