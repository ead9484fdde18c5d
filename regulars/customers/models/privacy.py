"""Requests of people about their data, what was made for them, restrictions, and who was erased."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from regulars.company.models import Employee
from regulars.core.models import Record
from regulars.core.sealing import SealedBytesField, SealedJSONField
from regulars.customers.models.people import Customer
from regulars.customers.rules.privacy import ASKED_BY, FILES, KINDS, SCOPES, STATES


class PrivacyRequest(Record):
    """One request of a person about their own data, with its clock.

    `wishes` are the facts of a correction; `sought` what a running erasure looks for. Both are
    sealed, and go when the request is done.
    """

    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10, default="open")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    asked_by = models.CharField(max_length=10)
    taken_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")
    verified = models.CharField(max_length=200, default="", blank=True)
    note = models.CharField(max_length=1000, default="", blank=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")
    result = models.JSONField(default=dict)
    wishes = SealedJSONField(null=True)
    sought = SealedJSONField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="privacy_request_is_of_a_known_kind", condition=Q(kind__in=list(KINDS))
            ),
            models.CheckConstraint(
                name="privacy_request_is_in_a_known_state", condition=Q(state__in=list(STATES))
            ),
            models.CheckConstraint(
                name="privacy_request_says_who_asked", condition=Q(asked_by__in=list(ASKED_BY))
            ),
            models.CheckConstraint(
                name="an_ended_privacy_request_has_its_time",
                condition=~Q(state__in=("done", "refused")) | Q(done_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "id"), name="privacy_request_by_customer"),
            models.Index(fields=("state", "due_at"), name="privacy_request_by_clock"),
        )

    def __str__(self) -> str:
        return f"№ {self.pk}"


class PrivacyFile(Record):
    """A file made for a request: the person's data, or the certificate of an erasure; sealed."""

    request = models.ForeignKey(PrivacyRequest, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    format = models.CharField(max_length=5)
    content = SealedBytesField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_request_has_one_file_of_a_kind", fields=("request", "kind", "format")
            ),
            models.CheckConstraint(
                name="privacy_file_is_of_a_known_kind", condition=Q(kind__in=list(FILES))
            ),
        )


class Restriction(Record):
    """From a moment on nothing is done with a person's data but keeping them, until it is lifted.

    The scope `marketing` is an objection: no offers, everything else as before.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    scope = models.CharField(max_length=10)
    reason = models.CharField(max_length=200, default="", blank=True)
    since = models.DateTimeField()
    set_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")
    request = models.ForeignKey(PrivacyRequest, models.SET_NULL, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")
    lift_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_restriction_has_a_known_scope", condition=Q(scope__in=list(SCOPES))
            ),
            models.UniqueConstraint(
                name="a_person_is_restricted_once_at_a_time",
                fields=("customer", "scope"),
                condition=Q(lifted_at__isnull=True),
            ),
        )
        indexes = (models.Index(fields=("customer", "id"), name="restriction_by_customer"),)


class Tombstone(Record):
    """Somebody was erased: the numbers of the empty records, and keyed digests of identifiers.

    The same entry stands in a file outside the database, so that a restored backup erases again.
    """

    mark = models.UUIDField(default=uuid4, unique=True)
    request_number = models.BigIntegerField()
    customer_ids = ArrayField(models.BigIntegerField())
    digests = ArrayField(models.CharField(max_length=64))
    key_id = models.CharField(max_length=8)
    erased_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_tombstone_names_a_record", condition=Q(customer_ids__len__gte=1)
            ),
        )
        indexes = (GinIndex(fields=("customer_ids",), name="tombstone_by_customer"),)
