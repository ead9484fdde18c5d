"""Messages, the channels they leave by, and who does not want them."""

from django.db import models
from django.db.models import Q

from regulars.channels.rules import STATES
from regulars.core.models import Record
from regulars.customers.models import Customer


class Channel(Record):
    """The settings of one kind of channel; kinds without a row work with their defaults."""

    kind = models.CharField(max_length=30, unique=True)
    settings = models.JSONField(default=dict)
    is_on = models.BooleanField(default=True)


class Message(Record):
    """One message to one person: what it says, where it goes, and how far it has come."""

    key = models.CharField(max_length=150)
    channel = models.CharField(max_length=30)
    purpose = models.CharField(max_length=30)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, related_name="+", db_index=False
    )
    address = models.CharField(max_length=254, default="", blank=True)
    subject = models.CharField(max_length=200, default="", blank=True)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    link = models.CharField(max_length=500, default="", blank=True)
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(max_length=10, default="waiting")
    reason = models.CharField(max_length=30, default="", blank=True)
    failure = models.TextField(default="", blank=True)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_message_is_written_once", fields=("key",)),
            models.CheckConstraint(
                name="message_is_in_a_known_state", condition=Q(state__in=list(STATES))
            ),
            models.CheckConstraint(
                name="a_sent_message_has_its_time",
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "purpose", "-created_at"), name="message_by_customer"),
            models.Index(fields=("address", "purpose", "-created_at"), name="message_by_address"),
            models.Index(
                fields=("due_at",),
                name="message_due",
                condition=Q(state__in=("waiting", "sending")),
            ),
            models.Index(fields=("state", "-id"), name="message_by_state"),
        )

    def __str__(self) -> str:
        return self.subject or self.text[:60]


class Suppression(Record):
    """An address whose owner wants no more messages there; with a purpose, none of that purpose."""

    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=254)
    purpose = models.CharField(max_length=30, default="", blank=True)
    source = models.CharField(max_length=30, default="link")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_address_opts_out_once", fields=("channel", "address", "purpose")
            ),
        )


class ContactRule(Record):
    """The company's own limit for one purpose: so many messages to one person in so many days."""

    purpose = models.CharField(max_length=30, unique=True)
    count = models.SmallIntegerField()
    days = models.SmallIntegerField()
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_contact_rule_counts_within_days", condition=Q(count__gte=0, days__gte=1)
            ),
        )
