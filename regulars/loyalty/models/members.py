"""Members: customers in a program, with their card number and their tier."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.customers.models import Customer
from regulars.loyalty.models.programs import Program, Tier


class Member(Record):
    """A customer record in a program. The row is the lock under which the member's accounts change.

    Where records are one person, one of their members leads the others: its accounts hold what all
    of them have, and its row is the lock of all. The others keep their cards and their visits.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    number = models.CharField(max_length=19, unique=True, db_collation="C")
    token = models.CharField(
        max_length=40, unique=True, db_collation="C", help_text="the secret part of the card's link"
    )
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    visits = models.PositiveIntegerField(default=0)
    joined_at = models.DateTimeField()
    frozen_at = models.DateTimeField(
        null=True, help_text="since when the member's points may not be spent or moved"
    )
    frozen_reason = models.CharField(max_length=200, default="", db_default="", blank=True)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="whose card it is among the employees",
    )
    led_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_customer_joins_a_program_once", fields=("program", "customer")
            ),
            models.UniqueConstraint(
                name="an_employee_has_one_card_in_a_program",
                fields=("program", "employee"),
                condition=Q(employee__isnull=False),
            ),
            models.CheckConstraint(
                name="card_number_is_digits", condition=Q(number__regex=r"^[0-9]+$")
            ),
            models.CheckConstraint(name="nobody_is_led_by_oneself", condition=~Q(led_by=F("id"))),
        )
        indexes = (
            models.Index(fields=("program", "tier"), name="member_by_tier"),
            models.Index(
                fields=("led_by",),
                name="member_by_leading_one",
                condition=Q(led_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.number


class TierChange(Record):
    """A member reached another tier of a ladder; the cause names what brought it about."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_index=False)
    cause = models.CharField(max_length=100, db_collation="C")
    before = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    after = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    qualifying = models.BigIntegerField()
    reason = models.CharField(max_length=30, default="", blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_cause_moves_a_tier_once", fields=("member", "cause")),
            models.CheckConstraint(
                name="a_tier_change_changes_the_tier",
                condition=~Q(before=F("after")) | Q(before__isnull=True) | Q(after__isnull=True),
            ),
        )
