"""Who saw or changed whose data: rows that are added and never changed."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.customers.rules.access import ACTORS, DEEDS


class AccessEntry(Record):
    """One look at, or change of, the data of some customers: who, what, where, why.

    A trigger of the database lets nobody change or delete an entry; only an erasure may empty the
    reason, which is free text. The number of the actor is of an employee or an API key.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=10)
    actor_number = models.BigIntegerField(null=True)
    what = models.CharField(max_length=10)
    place = models.CharField(max_length=100)
    customer_ids = ArrayField(models.BigIntegerField())
    everybody = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="an_access_is_of_somebody_we_can_name", condition=Q(actor__in=list(ACTORS))
            ),
            models.CheckConstraint(
                name="an_access_did_something", condition=Q(what__in=list(DEEDS))
            ),
        )
        indexes = (
            GinIndex(fields=("customer_ids",), name="access_by_customer"),
            models.Index(fields=("actor", "actor_number", "-id"), name="access_by_actor"),
        )
