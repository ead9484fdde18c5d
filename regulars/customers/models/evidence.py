"""What speaks for and against records being one person: claims of identities, and evidence."""

from django.db import models
from django.db.models import F, Q

from regulars.company.models import Employee
from regulars.core.models import Record, Work
from regulars.customers.models.people import Customer, Identity

EXACT, PROBABLE, STATED, CANNOT_LINK = "exact", "probable", "stated", "cannot_link"
"""Kinds of evidence. Exact evidence is not stored: it follows from claims on one identity."""


class Claim(Record):
    """A record names an identity as its own; `said_at` is when it did so first.

    `source` is the source that tells people apart by ids of its own, empty where the record has
    no such id. Records that claim one identity are one person, unless the identity is shared.
    """

    identity = models.ForeignKey(Identity, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    source = models.CharField(max_length=50, default="", blank=True)
    said_at = models.DateTimeField()
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_record_claims_an_identity_once", fields=("identity", "customer")
            ),
        )
        indexes = (
            models.Index(fields=("customer", "identity"), name="claim_by_customer"),
            models.Index(fields=("work",), name="claim_by_work", condition=Q(work__isnull=False)),
        )


class Evidence(Record):
    """Two records are, or are not, one person: as a model, a source or an employee says.

    `steps` is the waterfall of a probable pair: field, level, weight in bits. `put_off_at` is when
    a reviewer said "later". Evidence that is taken back stays, with the moment.
    """

    left = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    right = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    probability = models.FloatField(default=1.0)
    weight = models.FloatField(default=0.0)
    steps = models.JSONField(default=list)
    model = models.CharField(max_length=50, default="", blank=True)
    source = models.CharField(max_length=50, default="", blank=True)
    by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    put_off_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_pair_has_one_evidence_of_a_kind", fields=("left", "right", "kind")
            ),
            models.CheckConstraint(
                name="evidence_names_two_in_order", condition=Q(left__lt=F("right"))
            ),
            models.CheckConstraint(
                name="evidence_is_of_a_known_kind",
                condition=Q(kind__in=(PROBABLE, STATED, CANNOT_LINK)),
            ),
        )
        indexes = (
            models.Index(fields=("right", "left"), name="evidence_by_right"),
            models.Index(
                fields=("-probability", "id"),
                name="evidence_to_review",
                condition=Q(kind=PROBABLE, withdrawn_at__isnull=True),
            ),
        )


class Comparable(models.Model):
    """What of a record is compared with others, and whether that is still to be done."""

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="+")
    traits = models.JSONField()
    due = models.BooleanField(default=True)

    class Meta:
        indexes = (
            models.Index(fields=("customer",), name="comparable_due", condition=Q(due=True)),
        )


class BlockKey(models.Model):
    """A key that a record shares with those it may be compared with (64 bits of its hash)."""

    pk = models.CompositePrimaryKey("customer", "key")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    key = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("key", "customer"), name="block_key_by_key"),)
