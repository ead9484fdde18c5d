"""Partners who give points of a program, or have rewards in it, and what was settled with them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.loyalty.models.ledger import AppendOnlyRows
from regulars.loyalty.models.programs import Program, Unit


class Partner(Record):
    """A company whose name stands on rules that it pays for and on rewards that it gives.

    Prices are in minor units of the program's money for one point: what the partner owes for a
    point that was issued at its account, and what it is owed for one that was redeemed there.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    issue_price_minor = models.PositiveIntegerField()
    redeem_price_minor = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_knows_a_partner_once", fields=("program", "name")
            ),
            models.CheckConstraint(name="a_partner_has_a_name", condition=~Q(name="")),
        )

    def __str__(self) -> str:
        return self.name


class PartnerStatement(Record):
    """A month that was closed with a partner, in one unit: never changed, at the prices of its day.

    Points count in the month in which they were booked, so nothing can come into a closed one.
    """

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    month = models.DateField(help_text="its first day")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    issued = models.PositiveBigIntegerField()
    returned = models.PositiveBigIntegerField()
    redeemed = models.PositiveBigIntegerField()
    given_back = models.PositiveBigIntegerField()
    issue_price_minor = models.PositiveIntegerField()
    redeem_price_minor = models.PositiveIntegerField()
    owed_minor = models.BigIntegerField(help_text="below zero where the partner is owed")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    closed_at = models.DateTimeField()

    objects: models.Manager[Any] = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_month_is_closed_with_a_partner_once", fields=("partner", "unit", "month")
            ),
            models.CheckConstraint(
                name="a_statement_is_of_a_month_that_is_over",
                condition=Q(starts_at__lt=F("ends_at"), closed_at__gte=F("ends_at")),
            ),
            models.CheckConstraint(
                name="a_statement_adds_up",
                condition=Q(
                    owed_minor=(F("issued") - F("returned")) * F("issue_price_minor")
                    - (F("redeemed") - F("given_back")) * F("redeem_price_minor")
                ),
            ),
        )
