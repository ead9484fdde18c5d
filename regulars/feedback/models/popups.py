"""Pop-ups on sites: what is shown where and to whom, and each time that one was shown."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.core.sealing import SealedTextField
from regulars.customers.models import Segment
from regulars.feedback.models.surveys import Invitation, Survey


class Popup(Record):
    """The pop-up of a survey: on which pages, when, to whom and how often it opens.

    `secret` signs the customer numbers that a site tells; the script on the page never sees it. Zero
    days mean never again.
    """

    survey = models.OneToOneField(Survey, models.CASCADE, related_name="+")
    code = models.CharField(max_length=20, unique=True)
    secret = SealedTextField()
    is_on = models.BooleanField(default=False)
    origins = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    pages = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    delay_s = models.PositiveSmallIntegerField(default=10)
    scroll_percent = models.PositiveSmallIntegerField(default=0)
    on_exit = models.BooleanField(default=False)
    segment = models.ForeignKey(Segment, models.PROTECT, null=True, related_name="+")
    share_per_mille = models.PositiveSmallIntegerField(default=1000)
    again_days = models.PositiveSmallIntegerField(default=30)
    again_after_close_days = models.PositiveSmallIntegerField(default=90)
    again_after_answer_days = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_popup_is_shown_to_some_share",
                condition=Q(share_per_mille__gte=1, share_per_mille__lte=1000),
            ),
            models.CheckConstraint(
                name="nobody_scrolls_further_than_the_end",
                condition=Q(scroll_percent__lte=100),
            ),
        )


class PopupShowing(Record):
    """One time that a pop-up opened; the key is the ticket's, so that a repeat counts once."""

    popup = models.ForeignKey(Popup, models.CASCADE, related_name="+")
    key = models.CharField(max_length=40, unique=True)
    invitation = models.ForeignKey(Invitation, models.SET_NULL, null=True, related_name="+")
    shown_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("popup", "-shown_at"), name="showing_by_popup"),)
