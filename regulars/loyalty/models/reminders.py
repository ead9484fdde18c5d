"""What members were to hear in time: points about to expire, tiers about to fall."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.ledger import Account
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Ladder, Tier


class ExpiryReminder(Record):
    """A member was to hear that so many points expire soon, the first of them at a moment."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveBigIntegerField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_account_is_reminded_once_at_a_time", fields=("account", "made_at")
            ),
            models.CheckConstraint(name="a_reminder_is_of_something", condition=Q(amount__gt=0)),
        )


class FallWarning(Record):
    """A member was to hear that a tier is about to fall, and what is missing to keep it.

    `missing` is in the measure of the ladder; 0 where the tier was given by hand and just ends.
    """

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", db_index=False)
    after = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    missing = models.BigIntegerField()
    keep_by = models.DateTimeField()
    falls_at = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_fall_is_warned_of_once", fields=("member", "ladder", "tier", "falls_at")
            ),
            models.CheckConstraint(
                name="a_warning_comes_before_the_fall",
                condition=Q(missing__gte=0, keep_by__lte=F("falls_at"), made_at__lt=F("keep_by")),
            ),
        )
