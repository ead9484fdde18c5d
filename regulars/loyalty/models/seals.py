"""Seals: the ledger's blocks, each hashed together with the one before."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.ledger import AppendOnlyRows


class Seal(Record):
    """A block of transfers whose hash holds that of the block before, so that none can be changed.

    The hash is of what moved, when and why; a transfer's key stays outside, because what names a
    person in it is taken out when the person asks to be forgotten.
    """

    number = models.PositiveBigIntegerField(unique=True)
    from_id = models.PositiveBigIntegerField()
    upto_id = models.PositiveBigIntegerField(unique=True)
    transfers = models.PositiveBigIntegerField()
    before = models.CharField(max_length=64, db_collation="C")
    digest = models.CharField(max_length=64, unique=True, db_collation="C")
    form = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="how the transfers' bytes were laid out for the hash"
    )
    sealed_at = models.DateTimeField()

    objects: models.Manager[Any] = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_seal_covers_a_span", condition=Q(upto_id__gte=F("from_id"))
            ),
            models.CheckConstraint(name="seals_count_from_one", condition=Q(number__gt=0)),
        )
