"""What happened with customers, told by other domains."""

from django.db import models

from regulars.company.models import Store
from regulars.core.models import Record
from regulars.customers.models.people import Customer


class TimelineEntry(Record):
    """Something that happened with a customer; any domain writes it, panels read it.

    Purchases are not repeated here: the timeline reads them from their own table.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=50)
    cause = models.CharField(max_length=150)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.JSONField(default=dict)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_cause_is_noted_once", fields=("kind", "cause")),
        )
        indexes = (models.Index(fields=("customer", "-at"), name="timeline_by_customer"),)
