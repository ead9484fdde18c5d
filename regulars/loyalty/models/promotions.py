"""Promotions: discounts that a code brings, the codes, and where each code was used."""

from django.db import models
from django.db.models import F, Q

from regulars.core.models import Record
from regulars.customers.models import Customer
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program


class Promotion(Record):
    """What a code brings, to whom and how often. The row is the lock of its codes and their uses."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    scope = models.CharField(max_length=150, default="order")
    percent_bp = models.PositiveIntegerField(default=0, help_text="hundredths of a percent")
    amount_minor = models.PositiveBigIntegerField(default=0)
    max_minor = models.PositiveBigIntegerField(null=True)
    basket_min_minor = models.PositiveBigIntegerField(default=0)
    condition = models.JSONField(null=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    uses_max = models.PositiveBigIntegerField(null=True)
    per_customer_max = models.PositiveIntegerField(null=True)
    stacking = models.CharField(max_length=10, default="any")
    stack_group = models.CharField(max_length=30, default="", blank=True)
    lapse_minutes = models.PositiveIntegerField(default=30)
    used = models.PositiveBigIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_names_a_promotion_once", fields=("program", "code")
            ),
            models.CheckConstraint(
                name="a_promotion_takes_a_share_or_an_amount",
                condition=Q(percent_bp__gt=0, percent_bp__lte=10_000, amount_minor=0)
                | Q(percent_bp=0, amount_minor__gt=0),
            ),
            models.CheckConstraint(
                name="a_promotion_is_not_used_beyond_its_limit",
                condition=Q(uses_max=None) | Q(used__lte=F("uses_max")),
            ),
            models.CheckConstraint(
                name="a_promotion_stacks_in_a_known_way",
                condition=Q(stacking__in=("any", "group", "alone")),
            ),
            models.CheckConstraint(
                name="a_promotion_ends_after_it_begins",
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        )

    def __str__(self) -> str:
        return self.name


class PromoCode(Record):
    """A code that brings a promotion; with a limit of its own, or a member it belongs to."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=40, unique=True, db_collation="C")
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    origin = models.CharField(max_length=10)
    uses_max = models.PositiveBigIntegerField(null=True)
    used = models.PositiveBigIntegerField(default=0)
    valid_to = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_code_is_not_used_beyond_its_limit",
                condition=Q(uses_max=None) | Q(used__lte=F("uses_max")),
            ),
            models.CheckConstraint(
                name="a_code_is_given_imported_or_generated",
                condition=Q(origin__in=("given", "imported", "generated", "reward")),
            ),
        )
        indexes = (
            models.Index(fields=("promotion", "id"), name="promo_code_by_promotion"),
            models.Index(
                fields=("member",), name="promo_code_by_member", condition=Q(member__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return self.code


class PromoReservation(Record):
    """What one basket was told about its codes; its key makes a repeat harmless."""

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    asked_hash = models.CharField(max_length=64)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    answer = models.JSONField(null=True)
    reserved_at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    rolled_back_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="what_is_redeemed_was_reserved",
                condition=Q(redeemed_at=None) | Q(lapses_at__isnull=False),
            ),
        )


class PromoUse(Record):
    """One code in one basket. It counts against the limits while reserved or redeemed."""

    reservation = models.ForeignKey(PromoReservation, models.PROTECT, related_name="+")
    code = models.ForeignKey(PromoCode, models.PROTECT, related_name="+", db_index=False)
    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="+", db_index=False)
    discount_minor = models.PositiveBigIntegerField()
    state = models.CharField(max_length=12, default="reserved")
    lapses_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_basket_uses_a_code_once", fields=("reservation", "code")
            ),
            models.CheckConstraint(
                name="a_use_is_in_a_known_state",
                condition=Q(state="reserved", closed_at=None)
                | Q(state__in=("redeemed", "rolled_back", "lapsed"), closed_at__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("code",), name="promo_use_by_code"),
            models.Index(
                fields=("promotion", "lapses_at"),
                name="promo_use_reserved",
                condition=Q(state="reserved"),
            ),
            models.Index(fields=("promotion", "reservation"), name="promo_use_by_promotion"),
        )
