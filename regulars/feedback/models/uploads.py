"""Files that respondents sent."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.feedback.models.surveys import Answer, Sitting, SurveyVersion


class Upload(Record):
    """One file that somebody sent in a sitting; it goes with the sitting and with the answer.

    Its bytes lie in the database, so that backups have them and an erasure takes them at once.
    """

    store_path: ClassVar[str | None] = "sitting__store"

    key = models.UUIDField(unique=True, default=uuid.uuid4)
    sitting = models.ForeignKey(Sitting, models.CASCADE, related_name="+")
    version = models.ForeignKey(SurveyVersion, models.CASCADE, related_name="+")
    answer = models.ForeignKey(Answer, models.CASCADE, null=True, related_name="+")
    question = models.CharField(max_length=60)
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=50)
    size = models.PositiveIntegerField(help_text="bytes")
    content = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(name="an_upload_has_bytes", condition=Q(size__gt=0)),)
        indexes = (
            models.Index(fields=("at",), name="upload_unanswered", condition=Q(answer=None)),
        )
