"""What insight keeps in PostgreSQL: where the lake stands, its files, results, and RFM scores."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.customers.models import Customer


class LakeFact(Record):
    """How far one fact has flowed into the lake.

    Rows up to `settled_id` will never be joined by late ones. `noted_id` may follow as soon as
    the transactions in `noted_running` have ended.
    """

    name = models.CharField(max_length=50, unique=True)
    version = models.BigIntegerField(default=0)
    settled_id = models.BigIntegerField(default=0)
    noted_id = models.BigIntegerField(default=0)
    noted_running = ArrayField(models.CharField(max_length=30), default=list)
    timezone = models.CharField(max_length=50, default="", blank=True)
    shape = models.CharField(
        max_length=32,
        default="",
        blank=True,
        help_text="of the columns; others begin the fact anew",
    )
    exported_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="what_is_settled_was_noted", condition=Q(noted_id__gte=F("settled_id"))
            ),
        )


class LakePart(Record):
    """One Parquet file of the lake: the files named here are the lake, and no others."""

    fact = models.CharField(max_length=50)
    month = models.CharField(max_length=7, default="", blank=True)
    path = models.CharField(max_length=200, unique=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    rows = models.BigIntegerField()
    mix = models.BigIntegerField(default=0, help_text="all ids, exclusive-or: tells rows apart")
    digest = models.CharField(max_length=64, default="", blank=True)
    is_settled = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_part_holds_rows_in_order",
                condition=Q(rows__gte=0, last_id__gte=F("first_id")),
            ),
        )
        indexes = (models.Index(fields=("fact", "month"), name="part_by_month"),)


class LakeRequest(Record):
    """Somebody waits for newer facts; many wishes before a run are one run."""

    group = models.CharField(max_length=20, unique=True)
    is_waiting = models.BooleanField(default=False)


class LakeRewrite(Record):
    """A month whose exported rows no longer hold and must be written again."""

    fact = models.CharField(max_length=50)
    month = models.CharField(max_length=7)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_month_waits_for_its_rewrite_once", fields=("fact", "month")
            ),
        )


class MetricResult(Record):
    """What a metric gave for these filters at this state of the lake."""

    key = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=50)
    body = models.JSONField()
    made_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("made_at",), name="metric_result_by_age"),)


class CustomerRfm(Record):
    """How recently, how often and for how much one customer buys, and the segment that makes."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="+")
    last_on = models.DateField()
    recency_days = models.IntegerField()
    frequency = models.IntegerField()
    monetary_minor = models.BigIntegerField()
    r = models.SmallIntegerField()
    f = models.SmallIntegerField()
    m = models.SmallIntegerField()
    segment = models.CharField(max_length=30)
    scored_on = models.DateField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="scores_are_quintiles",
                condition=Q(r__range=(1, 5), f__range=(1, 5), m__range=(1, 5)),
            ),
        )
        indexes = (models.Index(fields=("segment", "-monetary_minor"), name="rfm_by_segment"),)
