"""What people found in comments: the themes they would give each, by the code frame."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from regulars.core.models import Record
from regulars.feedback.models.surveys import Signal


class HandCoding(Record):
    """The themes that one person found in one comment; coding again replaces it."""

    store_path: ClassVar[str | None] = "signal__store"

    signal = models.ForeignKey(Signal, models.CASCADE, related_name="+")
    employee = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    codes = ArrayField(models.CharField(max_length=60), default=list)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_person_codes_a_comment_once", fields=("signal", "employee")
            ),
        )
