"""Adjustments: points that people give or take by hand, each with its reason and who did it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.core.models import ApiKey, Record, Work
from regulars.loyalty.models.ledger import Transfer
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Unit


class Adjustment(Record):
    """Points given (above zero) or taken (below zero) by hand.

    Above the program's limit it waits until somebody else approves it; declined, it moves nothing.
    It belongs to the member whose card was named, also where another record leads that one.
    """

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=20, help_text="one of `rules.adjusting.REASONS`")
    note = models.CharField(max_length=500, default="", blank=True)
    earned_at = models.DateTimeField(
        null=True, help_text="from when on the unit's rule counts the life of what is given"
    )
    ends_at = models.DateTimeField(null=True, help_text="instead of the end by the unit's rule")
    state = models.CharField(max_length=10, help_text="done, waiting, declined")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", db_index=False)
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    transfer = models.OneToOneField(Transfer, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(name="an_adjustment_moves_something", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="an_adjustment_moves_points_once_done",
                condition=Q(state="done", transfer__isnull=False)
                | Q(state__in=("waiting", "declined"), transfer__isnull=True),
            ),
            models.CheckConstraint(
                name="an_adjustment_is_decided_or_waits",
                condition=Q(state="waiting", decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="nobody_approves_ones_own_adjustment",
                condition=~Q(state="done")
                | Q(decided_by__isnull=True)
                | Q(asked_by__isnull=True)
                | ~Q(decided_by=F("asked_by")),
            ),
            models.CheckConstraint(
                name="only_what_is_given_has_dates",
                condition=Q(amount__gt=0) | Q(ends_at__isnull=True, earned_at__isnull=True),
            ),
        )
        indexes = (
            models.Index(
                fields=("id",), name="adjustment_that_waits", condition=Q(state="waiting")
            ),
            models.Index(
                fields=("work",), name="adjustment_by_work", condition=Q(work__isnull=False)
            ),
        )
