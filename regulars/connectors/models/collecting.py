"""What collecting keeps: sources with their write keys, tracking plans, arrivals, dead letters."""

import json
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from regulars.company.models import Employee
from regulars.core.models import Record

MODES = ("observe", "flag", "block")


class EventSource(Record):
    """A site, an app or a server that sends events, let in by its write key.

    The key is readable: browsers show it to everybody anyway. `mode` says what happens to events
    that break the tracking plan: they are let in and noted, let in with a mark, or kept out.
    """

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    write_key = models.CharField(max_length=64, unique=True)
    mode = models.CharField(max_length=10, default="observe")
    orders_become_purchases = models.BooleanField(default=False)
    store_code = models.CharField(
        max_length=50, default="", blank=True, help_text="of the purchases that its orders become"
    )
    origins = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="web origins that may send; none listed: all",
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, help_text="since when its key lets nobody in")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="an_event_source_has_a_known_mode", condition=Q(mode__in=MODES)
            ),
        )

    def __str__(self) -> str:
        return self.name


class TrackingPlan(Record):
    """One version of what events may come in, never changed once it is published.

    `schemas` holds a JSON schema by event name, for the properties of a `track` call; under
    `$identify`, `$page`, `$screen` and `$group` for the properties or traits of such calls.
    A source follows its own newest plan, and where it has none the newest plan for all.
    """

    source = models.ForeignKey(EventSource, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField()
    schemas = models.JSONField(default=dict)
    only_planned = models.BooleanField(
        default=False, help_text="whether a name outside the plan breaks it"
    )
    note = models.CharField(max_length=300, default="", blank=True)
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_plan_version_is_published_once",
                fields=("source", "version"),
                nulls_distinct=False,
            ),
        )


class PlanDraft(Record):
    """The next version of a plan while somebody works on it; one for each plan."""

    source = models.ForeignKey(EventSource, models.CASCADE, null=True, related_name="+")
    schemas = models.JSONField(default=dict)
    only_planned = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_plan_has_one_draft", fields=("source",), nulls_distinct=False
            ),
        )


class Parcel(Record):
    """Requests that became durable together: the arrivals of some milliseconds, in order.

    `body` is read by `connectors.collect.parcels`; a worker drains it into tracked events.
    """

    body = models.BinaryField()
    size = models.PositiveIntegerField(db_default=0, help_text="bytes of the body, unpacked")
    received_at = models.DateTimeField(db_default=Now())
    drained_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("id",), name="parcel_to_drain", condition=Q(drained_at__isnull=True)
            ),
        )


STATES = ("accepted", "waiting", "resent", "discarded")


class DeadLetter(Record):
    """An event that broke a rule, with the rule; one message has at most one dead letter.

    In the state `accepted` the event was let in all the same and is only noted here; `waiting`
    ones wait for somebody to send them again, repaired or under a new plan, or to discard them.
    `body` is the event as JSON text, merged with what its batch said for all.
    """

    source = models.ForeignKey(EventSource, models.PROTECT, related_name="+", db_index=False)
    message_id = models.CharField(max_length=254)
    type = models.CharField(max_length=10, default="", blank=True)
    name = models.CharField(max_length=254, default="", blank=True)
    user_id = models.CharField(max_length=254, default="", blank=True)
    anonymous_id = models.CharField(max_length=254, default="", blank=True)
    body = models.TextField()
    reason = models.CharField(max_length=30, help_text="kind of the reason, such as plan")
    path = models.CharField(max_length=200, default="", blank=True)
    rule = models.CharField(max_length=300, default="", blank=True)
    plan = models.ForeignKey(TrackingPlan, models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default="waiting")
    settled_at = models.DateTimeField(null=True, help_text="when it was sent again or discarded")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_message_has_one_dead_letter", fields=("source", "message_id")
            ),
            models.CheckConstraint(
                name="a_dead_letter_is_in_a_known_state", condition=Q(state__in=STATES)
            ),
        )
        indexes = (
            models.Index(fields=("state", "-id"), name="dead_letter_by_state"),
            models.Index(fields=("user_id",), name="dead_letter_by_user", condition=~Q(user_id="")),
            models.Index(
                fields=("anonymous_id",),
                name="dead_letter_by_visitor",
                condition=~Q(anonymous_id=""),
            ),
        )

    @property
    def event(self) -> Any:
        """The event as plain values; `ValueError` where it cannot be read."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None
