"""Whom surveys are asked, and the people whom something made candidates for it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from regulars.company.models import Agent, Store
from regulars.core.models import Record
from regulars.customers.models import Customer, Purchase, Segment
from regulars.feedback.models.surveys import Invitation, Survey


class AskingPlan(Record):
    """Whom a survey is asked, when, by which channels in turn, and how often reminded.

    `modes` are objects of `channel` and `after_minutes`, counted from the first contact; `subject` is
    what the trigger is about: the code of a touchpoint or segment, or the name of an event. `taken`
    says which settings nobody gave, each with the number of the survey's version that says it.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    trigger = models.CharField(max_length=20)
    subject = models.CharField(max_length=254, default="", blank=True)
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="+")
    share_per_mille = models.PositiveSmallIntegerField(default=1000)
    delay_minutes = models.PositiveIntegerField(default=0)
    every_days = models.PositiveSmallIntegerField(default=0)
    hours_from = models.TimeField(null=True, blank=True)
    hours_until = models.TimeField(null=True, blank=True)
    modes = models.JSONField(default=list)
    reminder_days = ArrayField(models.PositiveSmallIntegerField(), default=list)
    taken = models.JSONField(default=dict, blank=True)
    next_at = models.DateTimeField(null=True)
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_survey_names_its_plans", fields=("survey", "name")),
            models.CheckConstraint(
                name="a_plan_asks_some_share",
                condition=Q(share_per_mille__gte=1, share_per_mille__lte=1000),
            ),
        )


class Candidate(Record):
    """A person whom something that happened made a candidate of a plan, and what came of it."""

    store_path: ClassVar[str | None] = "store"

    plan = models.ForeignKey(AskingPlan, models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    cause = models.CharField(max_length=150)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    purchase = models.ForeignKey(Purchase, models.SET_NULL, null=True, related_name="+")
    invitation = models.ForeignKey(Invitation, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=10, default="waiting")
    reason = models.CharField(max_length=30, default="", blank=True)
    detail = models.CharField(max_length=300, default="", blank=True)
    step = models.PositiveSmallIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_cause_makes_a_candidate_once", fields=("plan", "cause")
            ),
            models.CheckConstraint(
                name="a_candidate_is_in_a_known_state",
                condition=Q(state__in=("waiting", "asked", "over", "not_asked")),
            ),
            models.CheckConstraint(
                name="who_is_not_asked_has_a_reason",
                condition=~Q(state="not_asked") | ~Q(reason=""),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "-at"), name="candidate_by_customer"),
            models.Index(fields=("plan", "state", "reason"), name="candidate_by_plan"),
            models.Index(
                fields=("served_by",),
                name="candidate_by_agent",
                condition=Q(served_by__isnull=False),
            ),
            models.Index(
                fields=("due_at",), name="candidate_due", condition=Q(due_at__isnull=False)
            ),
        )
