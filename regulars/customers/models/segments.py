"""Segments: conditions over customers, who is in each, and who must be looked at again."""

from django.db import models
from django.db.models import F, Q

from regulars.company.models import in_language
from regulars.core.models import Record
from regulars.customers.models.people import Customer


class Segment(Record):
    """A named condition over customers that is kept up to date, or a fixed list of people.

    `version` grows with every change of the condition. `counted_at` is when its members were last
    found for everybody at once; until then the segment is still being filled. `purpose` is what
    its members may be contacted for.
    """

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    kind = models.CharField(max_length=10, default="live")
    condition = models.JSONField(default=dict)
    is_on = models.BooleanField(default=True)
    is_ready_made = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    purpose = models.CharField(max_length=30, default="", blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_segment_is_live_or_static", condition=Q(kind__in=("live", "static"))
            ),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru)


class SegmentMember(Record):
    """A stay of a person in a segment.

    In a live segment it names the leading record. In a static one it names the record that was
    put in, for ever, so that a merge loses nobody and its undoing gives each side its own back.
    """

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", db_index=False)
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_person_is_in_a_segment_once",
                fields=("segment", "customer"),
                condition=Q(left_at__isnull=True),
            ),
            models.CheckConstraint(
                name="nobody_leaves_before_entering",
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")),
            ),
        )
        indexes = (models.Index(fields=("customer", "segment"), name="segment_member_by_customer"),)


class SegmentTouch(Record):
    """Something about a customer changed; what waits is looked at, the rest is kept for counts.

    A touch stays until the lake has what it tells of: until then those customers are counted from
    the database.
    """

    customer_id = models.BigIntegerField()
    at = models.DateTimeField()
    is_waiting = models.BooleanField(default=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("id",), name="segment_touch_waiting", condition=Q(is_waiting=True)
            ),
            models.Index(fields=("at",), name="segment_touch_by_time"),
        )


class SegmentClock(Record):
    """The next moment at which time alone may change a person's segments."""

    customer_id = models.BigIntegerField(unique=True)
    changes_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("changes_at",), name="segment_clock_by_time"),)


class SegmentUpkeep(Record):
    """Whether a run of the upkeep is asked for, and when the clock wakes it next; one row."""

    is_waiting = models.BooleanField(default=False)
    wakes_at = models.DateTimeField(null=True)
