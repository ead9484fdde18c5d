"""What the core itself keeps: events and deliveries, long work, API keys and stored answers."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


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
    published_at = models.DateTimeField(db_default=Now())

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
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="work_is_in_a_known_state",
                condition=Q(state__in=("waiting", "running", "done", "failed", "stopped")),
            ),
        )


class ApiKey(Record):
    """Lets a program in through the API: what it may do, for which stores, and until when.

    The secret itself is shown once and kept nowhere; its hash is enough to recognise it.
    """

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=50))
    stores = ArrayField(models.BigIntegerField(), null=True, help_text="ids; null is all stores")
    requests_per_minute = models.PositiveIntegerField(default=6000)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="api_key_allows_something", condition=Q(scopes__len__gte=1)
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def store_ids(self) -> frozenset[int] | None:
        """The stores whose objects this key may see; None is all stores."""
        return None if self.stores is None else frozenset(self.stores)

    def allows(self, scope: str) -> bool:
        """Whether the key was given this scope, or all of them by `*`."""
        return "*" in self.scopes or scope in self.scopes


class StoredAnswer(Record):
    """What a write answered, so that the same request again gets the same answer.

    The database does not look at the key: each look would mark its row, which all writes share.
    Nothing deletes keys, and answers live a month.
    """

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+", db_constraint=False)
    name = models.CharField(max_length=255, help_text="the request's Idempotency-Key")
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_idempotency_key_names_one_request", fields=("api_key", "name")
            ),
        )
        indexes = (models.Index(fields=("created_at",), name="stored_answer_by_age"),)
