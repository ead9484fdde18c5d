"""The journey: stages, touchpoints with their target models, and the passages through them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, gettext

from regulars.company.models import Agent, Store
from regulars.core.models import Record
from regulars.customers.models import Customer
from regulars.journey.rules import CHANNELS, STAGES

STAGE_BY_KEY = {stage.key: stage for stage in STAGES}


def _in_own_language(text: str, russian: str) -> str:
    return russian if russian and (get_language() or "").startswith("ru") else text


class Stage(Record):
    """One of the nine stages of a customer's life; its name comes from the code table."""

    key = models.CharField(max_length=30, unique=True)
    position = models.SmallIntegerField(unique=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.CheckConstraint(
                name="stage_is_one_of_the_nine", condition=Q(key__in=[each.key for each in STAGES])
            ),
        )

    def __str__(self) -> str:
        return self.key

    @property
    def name(self) -> str:
        """What people call the stage, in the reader's language."""
        return gettext(STAGE_BY_KEY[self.key].name)

    @property
    def about(self) -> str:
        """A line that says what the stage is, in the reader's language."""
        return gettext(STAGE_BY_KEY[self.key].about)


class Touchpoint(Record):
    """A place on the map, at one stage and on one channel, where company and customer meet."""

    code = models.SlugField(max_length=60, unique=True, allow_unicode=False)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    fed_by = models.CharField(max_length=20, default="", blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("stage__position", "id")
        constraints = (
            models.UniqueConstraint(
                name="a_source_feeds_one_touchpoint_of_a_channel",
                fields=("fed_by", "channel"),
                condition=~Q(fed_by="") & Q(retired_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return _in_own_language(self.name, self.name_ru)

    @property
    def label(self) -> str:
        """The touchpoint's name in the reader's language."""
        return str(self)

    @property
    def channel_name(self) -> str:
        """What people call the channel, in the reader's language."""
        return gettext(CHANNELS.get(self.channel, self.channel))


class TargetModel(Record):
    """What should happen at a touchpoint, and how well, from a moment on; never changed, only followed."""

    touchpoint = models.ForeignKey(Touchpoint, models.CASCADE, related_name="+")
    expectation = models.TextField(default="", blank=True)
    expectation_ru = models.TextField(default="", blank=True)
    measure = models.CharField(max_length=30, default="", blank=True)
    goal = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    valid_from = models.DateTimeField()
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_touchpoint_has_one_target_at_a_moment", fields=("touchpoint", "valid_from")
            ),
            models.CheckConstraint(
                name="a_goal_has_its_measure", condition=Q(goal__isnull=True) | ~Q(measure="")
            ),
        )

    @property
    def text(self) -> str:
        """What should happen, in the reader's language."""
        return _in_own_language(self.expectation, self.expectation_ru)


class Passage(Record):
    """One customer going through one touchpoint once; the cause makes a repeat harmless."""

    store_path: ClassVar[str | None] = "store"

    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, related_name="+", db_index=False
    )
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    served_by = models.ForeignKey(
        Agent, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    cause = models.CharField(max_length=150)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_cause_makes_one_passage", fields=("cause",)),
        )
        indexes = (
            models.Index(
                fields=("touchpoint", "at"),
                include=("store", "sample"),
                name="passage_by_touchpoint",
            ),
            models.Index(fields=("customer", "-at"), name="passage_by_customer"),
            models.Index(
                fields=("served_by",),
                name="passage_by_agent",
                condition=Q(served_by__isnull=False),
            ),
        )
