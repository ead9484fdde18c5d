"""Following up unhappy answers: which open a follow-up, whose it is, by when, and how it ended."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.feedback.models.surveys import Signal, Survey
from regulars.feedback.rules.following import HOURS_MAX, OUTCOMES, STATES
from regulars.journey.models import Touchpoint


class FollowUpRule(Record):
    """Which answers open a follow-up, whose it is, and within how many working hours it is due."""

    survey = models.ForeignKey(Survey, models.CASCADE, null=True, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, models.CASCADE, null=True, related_name="+")
    measure = models.CharField(max_length=20, default="", blank=True)
    score_max = models.FloatField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    owner_role = models.CharField(max_length=30, default="", blank=True)
    within_hours = models.PositiveSmallIntegerField()
    opens = models.TimeField()
    closes = models.TimeField()
    weekdays = ArrayField(models.PositiveSmallIntegerField(), help_text="from Monday as 0")
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_measure_of_a_rule_comes_with_its_score",
                condition=Q(measure="", score_max__isnull=True)
                | ~Q(measure="") & Q(score_max__isnull=False),
            ),
            models.CheckConstraint(
                name="a_rule_has_working_hours",
                condition=Q(opens__lt=models.F("closes"), weekdays__len__gte=1)
                & Q(within_hours__gte=1, within_hours__lte=HOURS_MAX),
            ),
        )


class FollowUp(Record):
    """Somebody's task to speak with an unhappy customer; one for each answer, with a clock.

    It is the whole of closing the loop until there is a desk: a case of the desk can name the
    follow-up as its cause, take over its owner and clock, and close it with its outcome.
    """

    store_path: ClassVar[str | None] = "signal__store"

    cause = models.CharField(max_length=150, unique=True, help_text="what happened: answer:42")
    signal = models.OneToOneField(Signal, models.CASCADE, related_name="+")
    rule = models.ForeignKey(FollowUpRule, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(max_length=10, default="open")
    outcome = models.CharField(max_length=20, default="", blank=True)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    contacted_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="when its owner was told that it is theirs")
    overdue_at = models.DateTimeField(null=True, help_text="when it was told as overdue")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="follow_up_is_in_a_known_state", condition=Q(state__in=list(STATES))
            ),
            models.CheckConstraint(
                name="a_closed_follow_up_has_an_outcome",
                condition=Q(state="closed", closed_at__isnull=False, outcome__in=list(OUTCOMES))
                | ~Q(state="closed") & Q(closed_at__isnull=True, outcome=""),
            ),
        )
        indexes = (
            models.Index(fields=("due_at",), name="follow_up_due", condition=~Q(state="closed")),
            models.Index(fields=("owner", "state"), name="follow_up_by_owner"),
            models.Index(fields=("-closed_at",), name="follow_up_by_end"),
        )


class FollowUpNote(Record):
    """What somebody did or wrote on a follow-up; only added to."""

    store_path: ClassVar[str | None] = "follow_up__signal__store"

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    act = models.CharField(max_length=20, help_text="noted, taken, given, contacted, closed ...")
    text = models.TextField(default="", blank=True)

    class Meta:
        indexes = (models.Index(fields=("follow_up", "at"), name="note_by_follow_up"),)
