"""The calling list of operators, and every call that was made from it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from regulars.channels.models import Message
from regulars.core.models import Record
from regulars.feedback.models.surveys import Invitation
from regulars.feedback.rules.calls import ENDS, OUTCOMES


class Callee(Record):
    """One person on the calling list: an invitation that an operator asks by telephone.

    While an operator has somebody, `operator` and `held_until` say so, and nobody else gets them.
    `message` is the contact that the budget counted when the person came on the list.
    """

    store_path: ClassVar[str | None] = "invitation__store"

    invitation = models.OneToOneField(Invitation, models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    listed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    is_call_back = models.BooleanField(default=False, help_text="the person chose the time")
    calls = models.PositiveSmallIntegerField(default=0)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    held_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, default="", blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_operator_has_one_person",
                fields=("operator",),
                condition=Q(held_until__isnull=False),
            ),
            models.CheckConstraint(
                name="a_callee_has_a_known_outcome",
                condition=Q(outcome__in=("", *OUTCOMES, *ENDS)),
            ),
            models.CheckConstraint(
                name="who_is_off_the_list_is_nobodys",
                condition=Q(closed_at__isnull=True) | Q(held_until__isnull=True) & ~Q(outcome=""),
            ),
        )
        indexes = (
            models.Index(
                fields=("-is_call_back", "due_at"),
                name="callee_due",
                condition=Q(closed_at__isnull=True),
            ),
        )


class Call(Record):
    """One call to a person on the list; without an outcome while it goes on."""

    store_path: ClassVar[str | None] = "callee__invitation__store"

    callee = models.ForeignKey(Callee, models.CASCADE, related_name="+")
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    began_at = models.DateTimeField()
    may_record = models.BooleanField(null=True, help_text="what the person said when asked")
    asked_at = models.DateTimeField(null=True, help_text="when the script began")
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    call_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_person_is_in_one_call",
                fields=("callee",),
                condition=Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_call_ends_with_an_outcome",
                condition=Q(ended_at__isnull=True, outcome="")
                | Q(ended_at__isnull=False, outcome__in=list(OUTCOMES)),
            ),
        )
        indexes = (models.Index(fields=("callee", "-id"), name="call_by_callee"),)
