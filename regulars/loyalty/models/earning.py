"""What earning keeps beside the ledger: memories of habits and caps, campaigns and their budgets."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program, Unit


class MemberMemory(Record):
    """What habits and caps keep of a member from sale to sale, by code of rule.

    The row is written under the member's lock, and only where a rule in force asks for it.
    """

    member = models.OneToOneField(Member, models.PROTECT, related_name="+")
    slots = models.JSONField(default=dict)


class Campaign(Record):
    """Rules that run together for a while, and may spend so much between them.

    The row is locked while its rules pay: of two tills that race for the last of the budget one
    gets less. Rules without a campaign have no such row to wait for.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    budget = models.PositiveBigIntegerField(null=True)
    spent = models.PositiveBigIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_names_a_campaign_once", fields=("program", "code")
            ),
            models.CheckConstraint(
                name="a_campaign_spends_its_budget_at_most",
                condition=Q(budget__isnull=True) | Q(spent__lte=F("budget")),
            ),
        )

    def __str__(self) -> str:
        return self.name
