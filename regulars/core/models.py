"""What the core itself keeps: events, their deliveries, and long pieces of work."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Record(models.Model):
    """A row of any domain: a big whole-number id, and a statement of whose store it belongs to."""

    id = models.BigAutoField(primary_key=True)

    store_path: ClassVar[str | None] = None
    """Path of lookups from this model to its store, or None where stores do not limit sight."""

    class Meta:
        abstract = True


class Event(Record):
    """A fact that a domain published, kept as plain values."""

    name = models.CharField(max_length=100)
    body = models.JSONField()
    published_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = (models.Index(fields=("name", "id"), name="event_by_name"),)


class Delivery(Record):
    """One handler's turn at one event; written with the event, ticked when the handler is done."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="+")
    handler = models.CharField(max_length=200)
    delivered_at = models.DateTimeField(null=True)
    failure = models.TextField(default="", blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_event_reaches_a_handler_once", fields=("event", "handler")
            ),
        )
        indexes = (
            models.Index(
                fields=("id",), name="delivery_outstanding", condition=Q(delivered_at__isnull=True)
            ),
        )


class Work(Record):
    """A long piece of work: how far it is, and whether somebody asked it to stop."""

    kind = models.CharField(max_length=50)
    state = models.CharField(max_length=10, default="waiting")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    failure = models.TextField(default="", blank=True)
    stop_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="work_is_in_a_known_state",
                condition=Q(state__in=("waiting", "running", "done", "failed", "stopped")),
            ),
        )
