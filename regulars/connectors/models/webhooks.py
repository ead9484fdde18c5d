"""Webhooks: who is told of what, the messages that are on their way, and every try to deliver one."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.core.sealing import SealedJSONField

STATES = ("waiting", "sending", "sent", "failed")


class Webhook(Record):
    """An address that is told of events, signed as Standard Webhooks ask.

    `kinds` are the events it wants, `subjects` what they must be about (codes of segments; none:
    everything). `secrets` are those that sign, the newest first, each with the moment until which
    it does. `failing_since` is the first failure after the last success; `rests_until` keeps a
    destination that does not answer from being asked for every message.
    """

    name = models.CharField(max_length=100)
    url = models.CharField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=50))
    subjects = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    secrets = SealedJSONField(default=list)
    is_on = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=200, default="", blank=True)
    failing_since = models.DateTimeField(null=True)
    rests_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_webhook_wants_something", condition=~Q(kinds__len=0) & ~Q(url="")
            ),
        )

    def __str__(self) -> str:
        return self.name


class WebhookMessage(Record):
    """One message to one webhook; `public_id` is its `webhook-id`, the same at every try."""

    public_id = models.CharField(max_length=40, unique=True)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=50)
    subject = models.CharField(max_length=50, default="", blank=True)
    body = models.TextField()
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_webhook_message_is_in_a_known_state", condition=Q(state__in=STATES)
            ),
        )
        indexes = (
            models.Index(fields=("webhook", "-id"), name="webhook_message_by_webhook"),
            models.Index(
                fields=("due_at",),
                name="webhook_message_due",
                condition=Q(state__in=("waiting", "sending")),
            ),
        )


class WebhookAttempt(Record):
    """One try to deliver a message: the status that came back, or why none did."""

    message = models.ForeignKey(WebhookMessage, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    status = models.SmallIntegerField(null=True)
    failure = models.CharField(max_length=300, default="", blank=True)
    answer = models.CharField(max_length=300, default="", blank=True)
    took_ms = models.IntegerField()
