"""Households: members who share their points, with one of them at the head."""

from django.db import models
from django.db.models import Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program

SEAT_STATES = ("invited", "in", "declined", "left")


class Household(Record):
    """Members of a program who share their points. Each keeps lots of their own."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    head = models.ForeignKey(Member, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)


class Seat(Record):
    """A member's place in a household: asked, taken, declined or left."""

    household = models.ForeignKey(Household, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, default="invited")
    invited_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_member_is_in_one_household", fields=("member",), condition=Q(state="in")
            ),
            models.UniqueConstraint(
                name="a_household_has_one_seat_for_a_member",
                fields=("household", "member"),
                condition=Q(state__in=("invited", "in")),
            ),
            models.CheckConstraint(
                name="a_seat_is_in_a_known_state",
                condition=Q(state="invited", joined_at__isnull=True, ended_at__isnull=True)
                | Q(state="in", joined_at__isnull=False, ended_at__isnull=True)
                | Q(state="declined", joined_at__isnull=True, ended_at__isnull=False)
                | Q(state="left", joined_at__isnull=False, ended_at__isnull=False),
            ),
        )
