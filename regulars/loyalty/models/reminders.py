"""Reminders of points that are about to expire."""

from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.loyalty.models.ledger import Account


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
