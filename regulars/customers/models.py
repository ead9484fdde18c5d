"""Customers: what sources told of them, who they are, and what they bought."""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q
from django.db.models.functions import Reverse

from regulars.company.models import Product, Store, in_language
from regulars.core.models import Record, Work


class Customer(Record):
    """A person the company knows or may know: the profile, projected from source records."""

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

    class Meta:
        indexes = (
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
    """An e-mail, phone, card, device or outside id that points to a customer."""

    kind = models.CharField(max_length=50)
    value = models.CharField(max_length=254)
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
            models.Index(OpClass("value", "text_pattern_ops"), name="identity_by_beginning"),
            models.Index(OpClass(Reverse("value"), "text_pattern_ops"), name="identity_by_ending"),
        )


class Purchase(Record):
    """A receipt at the till, or an order; known to its source by a number."""

    store_path: ClassVar[str | None] = "store"

    source = models.CharField(max_length=50)
    number = models.CharField(max_length=100)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    bought_at = models.DateTimeField()
    total_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    fingerprint = models.BinaryField(max_length=16)
    recorded_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_receipt_is_recorded_once",
                fields=("source", "number"),
                condition=Q(voided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="purchase_amounts_are_not_negative",
                condition=Q(total_minor__gte=0, discount_minor__gte=0),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "-bought_at"), name="purchase_by_customer"),
            models.Index(fields=("store", "-bought_at"), name="purchase_by_store"),
            models.Index(
                fields=("work",), name="purchase_by_work", condition=Q(work__isnull=False)
            ),
        )


class Line(Record):
    """One product on a receipt. The quantity is in thousandths, so that weight stays whole.

    Lines are written together with their receipt and never changed. The database does not check
    their two references: each check locks the row it looks at, so that tills selling the same
    milk would queue for it, and it costs more than the line itself. Nothing deletes products or
    receipts; `lines_without_receipt` looks for strays.
    """

    purchase = models.ForeignKey(
        Purchase, models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    position = models.SmallIntegerField()
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    quantity_milli = models.BigIntegerField()
    total_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_receipt_has_one_line_at_a_position", fields=("purchase", "position")
            ),
            models.CheckConstraint(
                name="line_amounts_are_not_negative",
                condition=Q(total_minor__gte=0, discount_minor__gte=0, quantity_milli__gte=0),
            ),
        )


class Return(Record):
    """Goods that came back, of one purchase; several returns of one purchase are fine."""

    store_path: ClassVar[str | None] = "store"

    source = models.CharField(max_length=50)
    number = models.CharField(max_length=100)
    purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="+", db_index=False)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    returned_at = models.DateTimeField()
    total_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200, default="", blank=True)
    fingerprint = models.BinaryField(max_length=16)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_return_is_recorded_once", fields=("source", "number")),
        )
        indexes = (models.Index(fields=("purchase",), name="return_by_purchase"),)


class ReturnLine(Record):
    """How much of one line came back, and its worth."""

    goods_return = models.ForeignKey(Return, models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(Line, models.PROTECT, related_name="+", db_index=False)
    quantity_milli = models.BigIntegerField()
    total_minor = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_return_names_a_line_once", fields=("goods_return", "line")
            ),
            models.CheckConstraint(
                name="something_came_back", condition=Q(quantity_milli__gt=0, total_minor__gte=0)
            ),
        )
        indexes = (models.Index(fields=("line",), name="return_line_by_line"),)


class TimelineEntry(Record):
    """Something that happened with a customer; any domain writes it, panels read it.

    Purchases are not repeated here: the timeline reads them from their own table.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=50)
    cause = models.CharField(max_length=150)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    body = models.JSONField(default=dict)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_cause_is_noted_once", fields=("kind", "cause")),
        )
        indexes = (models.Index(fields=("customer", "-at"), name="timeline_by_customer"),)
