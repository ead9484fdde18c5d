"""Answers to which anonymity was promised, until enough of them have come to be shown.

Two tables that name nobody and do not name each other, as a ballot box and an electoral roll do.
"""

import uuid
from typing import ClassVar

from django.db import models

from regulars.company.models import Store
from regulars.core.models import Record
from regulars.feedback.models.surveys import Survey, SurveyVersion


class Ballot(Record):
    """An anonymous answer that waits in the box. It has no customer, no time but a month, no order."""

    store_path: ClassVar[str | None] = "store"

    id = models.UUIDField(  # type: ignore[assignment]
        primary_key=True, default=uuid.uuid4
    )
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+")
    month = models.DateField(help_text="the first day of the month it was cast in")
    values = models.JSONField()
    is_partial = models.BooleanField(default=False)
    sample = models.BooleanField(default=False)


class CastKey(Record):
    """A key under which an anonymous answer came, as a hash: it makes a repeat harmless."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    sample = models.BooleanField(default=False)
