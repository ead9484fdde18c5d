"""Handovers: points that one member gives to another."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Unit


class Handover(Record):
    """Points that went from one member to another, with the dates of the lots they came from.

    What the other member got names it by `Lot.handover`. It belongs to the cards that were named,
    also where other records lead theirs.
    """

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    giver = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    taker = models.ForeignKey(Member, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_handover_moves_points", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="nobody_hands_points_to_oneself", condition=~Q(giver=F("taker"))
            ),
        )
        indexes = (models.Index(fields=("giver", "at"), name="handover_by_giver"),)
