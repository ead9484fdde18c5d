"""Links by which results are read without a sign-in."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.feedback.models.surveys import Survey


class ResultLink(Record):
    """A link to the results of a survey until a day; only a hash of its secret is kept here.

    What the API answered when it made the link is kept with it, as of every write, for thirty days.
    It shows what its maker could see: `store_ids` are the stores of that sight, NULL for all.
    """

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100, help_text="for whom it was made")
    store_ids = ArrayField(models.BigIntegerField(), null=True)
    made_by = models.CharField(max_length=150, blank=True, default="")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_result_link_ends_after_it_begins", condition=Q(expires_at__gt=F("made_at"))
            ),
        )
