"""Drafts: changes to a program's rules that are tried on the whole history before they hold."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record, Work
from regulars.loyalty.models.programs import Program


class Draft(Record):
    """Changes by one person, replayed over history, and published by another or confirmed.

    `outcome` is what the latest replay found, of the edition of the program that `basis` names;
    with other changes, or another edition, it has to be replayed again before it is published.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    changes = models.JSONField(default=dict)
    state = models.CharField(max_length=10, default="open")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    made_at = models.DateTimeField()
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)
    outcome = models.JSONField(null=True)
    basis = models.UUIDField(null=True)
    replayed_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    published_at = models.DateTimeField(null=True)
    is_confirmed = models.BooleanField(
        default=False, help_text="who made it published it too, and confirmed that explicitly"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="draft_is_in_a_known_state",
                condition=Q(state__in=("open", "published", "dropped")),
            ),
            models.CheckConstraint(
                name="a_draft_is_published_after_a_replay",
                condition=~Q(state="published")
                | Q(published_at__isnull=False, replayed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="two_look_at_a_draft_or_one_confirms",
                condition=~Q(state="published")
                | Q(is_confirmed=True)
                | Q(made_by__isnull=False, published_by__isnull=False)
                & ~Q(published_by=F("made_by")),
            ),
        )

    def __str__(self) -> str:
        return self.name
