"""What customers did on web, in apps and elsewhere, as programs tell it call by call."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.customers.models.people import Customer

TYPES = ("identify", "track", "page", "screen", "group", "alias")


class TrackedEvent(Record):
    """One call of Segment's API, kept once for ever under its message id.

    `name` is the name of the event, page or screen; of a group its id, of an alias the id that is
    given up. `properties` are the traits where the call carries traits. `at` is when it happened
    with the sender's clock corrected; the three times it follows from stay beside it.
    """

    source = models.CharField(max_length=50)
    message_id = models.CharField(max_length=254)
    type = models.CharField(max_length=10)
    name = models.CharField(max_length=254, default="", blank=True)
    # Checked by nobody: each check would lock the row of a busy visitor.
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="the record the event came in by",
    )
    user_id = models.CharField(max_length=254, default="", blank=True)
    anonymous_id = models.CharField(max_length=254, default="", blank=True)
    at = models.DateTimeField()
    original_at = models.DateTimeField(null=True, help_text="by the sender's clock")
    sent_at = models.DateTimeField(null=True, help_text="by the sender's clock")
    received_at = models.DateTimeField()
    properties = models.JSONField(default=dict)
    context = models.JSONField(default=dict)
    is_flawed = models.BooleanField(
        default=False, help_text="it broke the tracking plan and was let in with a mark"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_message_is_counted_once", fields=("source", "message_id")
            ),
            models.CheckConstraint(
                name="a_tracked_event_is_of_a_known_type", condition=Q(type__in=TYPES)
            ),
        )
        indexes = (
            models.Index(fields=("customer", "-at"), name="tracked_event_by_customer"),
            BrinIndex(fields=("received_at",), name="tracked_event_by_arrival"),
        )
