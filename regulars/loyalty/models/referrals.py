"""Who brought whom."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member


class Referral(Record):
    """A member who came because another one told of the program; each friend is brought once."""

    referrer = models.ForeignKey(Member, models.PROTECT, related_name="+")
    friend = models.OneToOneField(Member, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="nobody_refers_oneself", condition=~Q(referrer=F("friend"))
            ),
        )
