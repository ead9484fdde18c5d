"""Handovers: points that one member gives to another, or shares with a household."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.households import Household
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Unit


class Handover(Record):
    """Points that went from one member to another, with the dates of the lots they came from.

    What the other member got names it by `Lot.handover`. It belongs to the cards that were named,
    also where other records lead theirs. In a household, a `draw` brings what one is about to spend
    of another's points, `back` returns what of it came back, and `stay` is what stays with the head
    when a member leaves.
    """

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    giver = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    taker = models.ForeignKey(Member, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=5, default="gift", db_default="gift")
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_handover_moves_points", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="a_household_draws_and_gives_back",
                condition=Q(kind="gift", household__isnull=True)
                | Q(kind__in=("draw", "back", "stay"), household__isnull=False),
            ),
            models.CheckConstraint(
                name="nobody_hands_points_to_oneself", condition=~Q(giver=F("taker"))
            ),
        )
        indexes = (models.Index(fields=("giver", "at"), name="handover_by_giver"),)
