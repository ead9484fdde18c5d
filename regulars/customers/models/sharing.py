"""Identities that many people use: what they tell of these people, and where sharing begins."""

from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.customers.models.people import Customer, Identity

HOUSEHOLD, DEVICE = "household", "device"


class Relation(Record):
    """People who share an identity without being one person: a household, or users of a device."""

    kind = models.CharField(max_length=20)
    identity = models.OneToOneField(Identity, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_relation_is_of_a_known_kind", condition=Q(kind__in=(HOUSEHOLD, DEVICE))
            ),
        )


class RelationMember(Record):
    """A record that belongs to a relation."""

    relation = models.ForeignKey(Relation, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_relation_has_a_member_once", fields=("relation", "customer")
            ),
        )
        indexes = (models.Index(fields=("customer",), name="relation_member_by_customer"),)


class BlockedValue(Record):
    """A value that points to nobody in this company: the store's own phone, a default card."""

    kind = models.CharField(max_length=50)
    value = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_value_is_blocked_once", fields=("kind", "value")),
        )


class IdentityLimit(Record):
    """How many people may have one identity of a kind, within so many days; null days are ever."""

    kind = models.CharField(max_length=50, unique=True)
    people = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_limit_allows_somebody", condition=Q(people__gte=1)),
        )


class SourceRank(Record):
    """How far a source is believed: the higher rank goes first, whoever spoke last."""

    source = models.CharField(max_length=50, unique=True)
    rank = models.SmallIntegerField(default=0)
