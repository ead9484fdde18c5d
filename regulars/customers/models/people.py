"""Customer records, what sources said of them, and what points to them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Reverse

from regulars.company.models import Store, in_language
from regulars.core.models import Record, Work


class Customer(Record):
    """What one source, or one bare identity, knows of a person; the leading record is the person.

    Records held to be one person are merged into one of them, which leads and carries the profile
    of all. Whatever happened stays with the record it came in by, so a merge can be taken back.
    """

    name = models.CharField(max_length=200, default="", blank=True)
    name_ru = models.CharField(max_length=200, default="", blank=True)
    email = models.CharField(max_length=254, default="", blank=True)
    phone = models.CharField(max_length=30, default="", blank=True)
    gender = models.CharField(max_length=10, default="", blank=True)
    birth_year = models.SmallIntegerField(null=True)
    birthday = models.DateField(null=True)
    address = models.CharField(max_length=300, default="", blank=True)
    occupation = models.CharField(max_length=100, default="", blank=True)
    interests = models.JSONField(default=list)
    traits = models.JSONField(default=dict)
    language = models.CharField(max_length=10, default="", blank=True)
    home_store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    known_since = models.DateTimeField()
    withdrawn_at = models.DateTimeField(
        null=True, help_text="when the import that brought this customer was taken back"
    )
    created_at = models.DateTimeField(db_default=models.functions.Now())
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="nobody_is_merged_into_oneself", condition=~Q(merged_into=F("id"))
            ),
        )
        indexes = (
            models.Index(
                fields=("merged_into",),
                name="customer_by_lead",
                condition=Q(merged_into__isnull=False),
            ),
            GinIndex(
                SearchVector("name", "name_ru", config="simple"), name="customer_by_word_of_name"
            ),
            models.Index(fields=("email",), name="customer_by_email"),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru) or f"№ {self.pk}"


class SourceRecord(Record):
    """One row about a person as a source gave it; never changed, the profile is made of these.

    A source that says the same again leaves one row, with the moment it said so last.
    """

    source = models.CharField(max_length=50)
    outside_id = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    body = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    said_at = models.DateTimeField()
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_source_says_the_same_once", fields=("source", "outside_id", "fingerprint")
            ),
        )
        indexes = (
            models.Index(fields=("customer", "id"), name="source_record_by_customer"),
            models.Index(fields=("work",), name="source_record_by_work"),
        )


class Identity(Record):
    """An e-mail, phone, card, device or outside id that points to a customer.

    The customer is the record that had it first: what happens under it comes in there. `shared`
    says why records that claim it are not one person by it alone (`rules.sharing`); empty where
    they are.
    """

    kind = models.CharField(max_length=60)
    value = models.CharField(max_length=254)
    shared = models.CharField(max_length=20, default="", blank=True, db_default="")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="an_identity_has_one_owner", fields=("kind", "value")),
        )
        indexes = (
            models.Index(fields=("customer",), name="identity_by_customer"),
            models.Index(
                fields=("work",), name="identity_by_work", condition=Q(work__isnull=False)
            ),
            models.Index(fields=("shared", "id"), name="identity_shared", condition=~Q(shared="")),
            models.Index(OpClass("value", "text_pattern_ops"), name="identity_by_beginning"),
            models.Index(OpClass(Reverse("value"), "text_pattern_ops"), name="identity_by_ending"),
        )
