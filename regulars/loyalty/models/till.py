"""What tills said of receipts that are not to be."""

from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.customers.models import Purchase


class Cancellation(Record):
    """A till cancelled a receipt: whatever of it is on the books came off, and nothing comes later."""

    source = models.CharField(max_length=50)
    number = models.CharField(max_length=100, db_collation="C")
    purchase = models.ForeignKey(
        Purchase, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_receipt_is_cancelled_once", fields=("source", "number")
            ),
            models.CheckConstraint(
                name="a_cancelled_receipt_has_a_number", condition=~Q(number="")
            ),
        )
