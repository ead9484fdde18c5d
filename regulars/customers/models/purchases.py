"""What customers bought, and what came back."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from regulars.company.models import Agent, Product, Store
from regulars.core.models import Record, Work
from regulars.customers.models.people import Customer


class Purchase(Record):
    """A receipt at the till, or an order; known to its source by a number."""

    store_path: ClassVar[str | None] = "store"

    source = models.CharField(max_length=50)
    number = models.CharField(max_length=100)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    bought_at = models.DateTimeField()
    total_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    tenders = models.JSONField(
        null=True, help_text="what was paid by gift cards and the like, by kind"
    )
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
                fields=("served_by",),
                name="purchase_by_agent",
                condition=Q(served_by__isnull=False),
            ),
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
