"""Watches over what members do, the alarms they raise, and codes that confirm large spending."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program

COUNTED = ("purchases", "earned", "redemptions", "redeemed")
"""What a watch counts: purchases, points they earned, redemptions, points redeemed."""


class Watch(Record):
    """A velocity rule: more than so much of something within so many hours raises an alarm."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=50)
    counts = models.CharField(max_length=12)
    most = models.PositiveBigIntegerField()
    hours = models.PositiveSmallIntegerField()
    staff_only = models.BooleanField(default=False, help_text="looks at cards of employees only")
    freezes = models.BooleanField(default=False, help_text="an alarm freezes the card at once")
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_names_a_watch_once", fields=("program", "code")
            ),
            models.CheckConstraint(
                name="a_watch_counts_something_known", condition=Q(counts__in=COUNTED)
            ),
            models.CheckConstraint(
                name="a_watch_looks_back_some_time", condition=Q(hours__gt=0, most__gt=0)
            ),
        )


class Alarm(Record):
    """A member did more than a watch lets pass; somebody looks at it and decides."""

    watch = models.ForeignKey(Watch, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    found = models.PositiveBigIntegerField()
    most = models.PositiveBigIntegerField()
    hours = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    state = models.CharField(max_length=10, default="open")
    note = models.CharField(max_length=500, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_watch_alarms_once_until_somebody_looks",
                fields=("watch", "member"),
                condition=Q(state="open"),
            ),
            models.CheckConstraint(
                name="an_alarm_is_in_a_known_state",
                condition=Q(state="open", decided_at__isnull=True)
                | Q(state__in=("harmless", "fraud"), decided_at__isnull=False),
            ),
            models.CheckConstraint(name="an_alarm_has_a_cause", condition=Q(found__gt=F("most"))),
        )
        indexes = (models.Index(fields=("id",), name="alarm_open", condition=Q(state="open")),)


class SpendingCode(Record):
    """A one-time code that a member was sent, to confirm spending up to an amount."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    amount = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True)
    used_for = models.CharField(max_length=150, null=True, unique=True, db_collation="C")

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_code_covers_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="a_code_is_confirmed_before_it_is_used",
                condition=Q(used_for__isnull=True) | Q(confirmed_at__isnull=False),
            ),
        )
