"""What was believed of points not redeemed yet, month by month; never edited."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.loyalty.models.programs import Unit

BASES = ("curve", "stated", "none")
"""An estimate follows the redemption curve, a rate that somebody stated, or is not to be had."""


class LiabilityEstimate(Record):
    """The estimate in force at the end of a month: its rates in millionths, and what they rest on."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="its first day")
    basis = models.CharField(max_length=10)
    rate_ppm = models.PositiveIntegerField()
    low_ppm = models.PositiveIntegerField(null=True)
    high_ppm = models.PositiveIntegerField(null=True)
    cohorts = models.PositiveIntegerField(default=0)
    curve = models.JSONField(default=list)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_unit_has_one_estimate_a_month", fields=("unit", "month")
            ),
            models.CheckConstraint(name="an_estimate_has_a_basis", condition=Q(basis__in=BASES)),
            models.CheckConstraint(
                name="an_estimate_is_a_share", condition=Q(rate_ppm__lte=1_000_000)
            ),
        )


class StatedRate(Record):
    """A redemption rate that the company states from a month on; without a rate the curve holds again."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="its first day")
    rate_ppm = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_stated_rate_is_a_share",
                condition=Q(rate_ppm__isnull=True) | Q(rate_ppm__lte=1_000_000),
            ),
            models.CheckConstraint(name="a_stated_rate_has_a_reason", condition=~Q(reason="")),
        )
        indexes = (models.Index(fields=("unit", "id"), name="stated_rate_by_unit"),)
