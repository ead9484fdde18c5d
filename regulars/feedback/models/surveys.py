"""Surveys, the people who were asked, what they answered, and the signals that all methods leave."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.company.models import Agent, Store
from regulars.core.models import Record
from regulars.customers.models import Customer, Purchase
from regulars.feedback.rules.dispositions import DISPOSITIONS, FINAL
from regulars.journey.models import Touchpoint

BALLOT_KEY = "ballot:"
"""Keys of answers that came out of a box of anonymous answers begin with it."""


class Survey(Record):
    """Questions that the company asks; what exactly they are stands in its versions."""

    name = models.CharField(max_length=100)
    is_open = models.BooleanField(default=True)
    sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.name


class SurveyVersion(Record):
    """A definition as it was published; never changed, so an answer can always be understood."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    @property
    def is_anonymous(self) -> bool:
        """Whether it promises anonymity, even where the rest cannot be read any more."""
        block = self.definition.get("regulars") if isinstance(self.definition, dict) else None
        return isinstance(block, dict) and bool(block.get("anonymity"))

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_survey_numbers_its_versions", fields=("survey", "number")
            ),
        )


class DraftStep(Record):
    """A survey's definition after one edit; the last step is the draft, undoing takes one away."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_draft_numbers_its_steps", fields=("survey", "number")),
        )


class PublicLink(Record):
    """A short public address of a survey, printed as a QR code, for everybody or in one store."""

    store_path: ClassVar[str | None] = "store"

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    code = models.CharField(max_length=20, unique=True)
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_survey_has_one_link_in_a_store",
                fields=("survey", "store"),
                nulls_distinct=False,
            ),
        )


class Invitation(Record):
    """One request to one customer on one channel; the cause makes a second one impossible."""

    store_path: ClassVar[str | None] = "store"

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+")
    cause = models.CharField(max_length=150, help_text="what happened, such as purchase:42")
    token = models.CharField(max_length=40, unique=True)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    purchase = models.ForeignKey(Purchase, models.SET_NULL, null=True, related_name="+")
    channel = models.CharField(max_length=30)
    language = models.CharField(max_length=10, default="", blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    withheld = models.CharField(max_length=100, default="", blank=True)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_cause_invites_to_a_survey_once", fields=("survey", "cause")
            ),
        )
        indexes = (
            models.Index(fields=("customer",), name="invitation_by_customer"),
            models.Index(fields=("survey", "-created_at"), name="invitation_by_survey"),
            models.Index(
                fields=("served_by",),
                name="invitation_by_agent",
                condition=Q(served_by__isnull=False),
            ),
        )


class Answer(Record):
    """What one respondent said to one version of a survey; the key makes a repeat harmless."""

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True)
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+")
    invitation = models.ForeignKey(Invitation, models.SET_NULL, null=True, related_name="+")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    values = models.JSONField()
    language = models.CharField(max_length=10)
    channel = models.CharField(max_length=30)
    answered_at = models.DateTimeField()
    received_at = models.DateTimeField()
    is_partial = models.BooleanField(default=False, help_text="ended before the last question")
    duration_s = models.PositiveIntegerField(null=True, help_text="from the first page to the last")
    quota_ids = ArrayField(models.BigIntegerField(), default=list)
    flags = ArrayField(models.CharField(max_length=30), default=list, help_text="doubts about it")
    fingerprint = models.CharField(max_length=32, default="", blank=True)
    set_aside_at = models.DateTimeField(null=True, help_text="as of when no score counts it")
    sample = models.BooleanField(default=False)

    @property
    def is_secret(self) -> bool:
        """Whether it came out of the box of an anonymous survey."""
        return self.key.startswith(BALLOT_KEY)

    class Meta:
        indexes = (
            models.Index(fields=("survey", "-answered_at"), name="answer_by_survey"),
            models.Index(fields=("customer",), name="answer_by_customer"),
            models.Index(fields=("-received_at",), name="answer_by_arrival"),
            models.Index(
                fields=("served_by",),
                name="answer_by_agent",
                condition=Q(served_by__isnull=False),
            ),
            models.Index(
                fields=("survey", "fingerprint"),
                name="answer_by_fingerprint",
                condition=~Q(fingerprint=""),
            ),
            models.Index(fields=("survey", "-id"), name="answer_doubted", condition=~Q(flags=[])),
        )


class Sitting(Record):
    """One respondent's way through one version of a survey, over all channels and devices.

    What was answered so far survives here, whether or not the end is ever reached. The key names
    what opened it, such as the invitation, so that it is opened once; the answer gets the same key.
    """

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True)
    token = models.CharField(max_length=40, unique=True)
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+")
    invitation = models.OneToOneField(Invitation, models.CASCADE, null=True, related_name="+")
    link = models.ForeignKey(PublicLink, models.SET_NULL, null=True, related_name="+")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")
    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    answer = models.ForeignKey(Answer, models.SET_NULL, null=True, related_name="+")
    language = models.CharField(max_length=10, default="", blank=True)
    channels = ArrayField(models.CharField(max_length=30), default=list, help_text="in their order")
    values = models.JSONField(default=dict)
    position = models.CharField(max_length=100, default="", blank=True)
    disposition = models.CharField(max_length=20, default="contacted")
    reason = models.CharField(max_length=100, default="", blank=True)
    opened_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="sitting_has_a_known_disposition",
                condition=Q(disposition__in=list(DISPOSITIONS)),
            ),
            models.CheckConstraint(
                name="a_sitting_that_ended_has_its_time",
                condition=Q(disposition__in=list(FINAL), ended_at__isnull=False)
                | ~Q(disposition__in=list(FINAL)) & Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_completed_sitting_began",
                condition=~Q(disposition="completed") | Q(started_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("survey", "-last_at"), name="sitting_by_survey"),
            models.Index(fields=("customer",), name="sitting_by_customer"),
            models.Index(
                fields=("last_at",), name="sitting_open", condition=Q(ended_at__isnull=True)
            ),
        )


class Quota(Record):
    """How many answers of one kind a survey takes; the condition is an expression of the survey."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    condition = models.TextField(default="", blank=True)
    places = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_survey_names_its_quotas", fields=("survey", "name")),
            models.CheckConstraint(
                name="quota_never_overshoots", condition=Q(taken__lte=F("places"))
            ),
        )


class Signal(Record):
    """One piece of feedback, by whichever method; all reports about experience read signals.

    `native_score` is on the scale of its measure, `share` is the same from 0 to 1. When one answer
    leaves several signals, the first of them carries the text, and at most one is unhappy.
    """

    store_path: ClassVar[str | None] = "store"

    cause = models.CharField(max_length=150, unique=True)
    method = models.CharField(max_length=20)
    channel = models.CharField(max_length=30)
    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, null=True, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="+")
    survey = models.ForeignKey(Survey, models.CASCADE, null=True, related_name="+")
    answer = models.ForeignKey(Answer, models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    measure = models.CharField(max_length=20, default="", blank=True)
    native_score = models.FloatField(null=True)
    share = models.FloatField(null=True)
    text = models.TextField(default="", blank=True)
    language = models.CharField(max_length=10, default="", blank=True)
    is_unhappy = models.BooleanField(default=False)
    is_set_aside = models.BooleanField(default=False, db_default=False)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_share_lies_between_none_and_all",
                condition=Q(share__isnull=True) | Q(share__gte=0, share__lte=1),
            ),
            models.CheckConstraint(
                name="a_score_comes_with_its_share",
                condition=Q(native_score__isnull=True, share__isnull=True)
                | Q(native_score__isnull=False, share__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("measure", "-at"), name="signal_by_measure"),
            models.Index(fields=("store", "-at"), name="signal_by_store"),
            models.Index(fields=("survey", "-at"), name="signal_by_survey"),
            models.Index(fields=("customer",), name="signal_by_customer"),
            models.Index(fields=("answer",), name="signal_by_answer"),
            models.Index(
                fields=("served_by",),
                name="signal_by_agent",
                condition=Q(served_by__isnull=False),
            ),
            models.Index(
                fields=("-at",),
                name="signal_unhappy_and_open",
                condition=Q(is_unhappy=True, resolved_at__isnull=True),
            ),
        )


class Dialogue(Record):
    """Where a conversation about a sitting stands between two things that are heard.

    The answers are the sitting's, so that they count on every channel. `key` names what began it,
    such as a call. `end` is empty while it goes on; see `dialogue.turns.Talk`.
    """

    store_path: ClassVar[str | None] = "sitting__store"

    key = models.CharField(max_length=150, unique=True)
    sitting = models.ForeignKey(Sitting, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=254)
    mode = models.CharField(max_length=10)
    language = models.CharField(max_length=10)
    asked = ArrayField(models.CharField(max_length=60), default=list)
    at = models.CharField(max_length=60, default="", blank=True)
    tries = models.SmallIntegerField(default=0)
    heard_upto = models.BigIntegerField(default=0, help_text="the last message that was taken in")
    end = models.CharField(max_length=10, default="", blank=True)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_address_holds_one_dialogue",
                fields=("channel", "address"),
                condition=Q(end=""),
            ),
        )
        indexes = (
            models.Index(fields=("channel", "address", "-heard_upto"), name="dialogue_by_address"),
        )
