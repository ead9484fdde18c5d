"""The catalogue of rewards, what members chose from it, and how far each is."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.company.models import Product, Store
from regulars.core.models import Record
from regulars.loyalty.models.ledger import AppendOnlyRows, Redemption
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program, Tier, Unit
from regulars.loyalty.models.promotions import PromoCode, Promotion
from regulars.loyalty.models.values import StoredValue

REWARD_KINDS = ("discount", "promo_code", "gift", "voucher", "gift_card", "partner")
ORDER_STATES = ("ordered", "ready", "delivered", "cancelled")


class Reward(Record):
    """Something members choose for their points. The row is the lock of its stock and its limits."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=50)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    words = models.CharField(max_length=500, default="", blank=True)
    words_ru = models.CharField(max_length=500, default="", blank=True)
    category = models.CharField(max_length=50, default="", blank=True)
    category_ru = models.CharField(max_length=50, default="", blank=True)
    picture = models.FileField(upload_to="rewards/", blank=True)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    price = models.PositiveBigIntegerField()
    tier_prices = models.JSONField(
        default=dict, help_text="by code of tier; null: not for members of that tier"
    )
    stock = models.PositiveBigIntegerField(null=True, help_text="in all; null is without limit")
    taken = models.PositiveBigIntegerField(default=0)
    per_member_max = models.PositiveIntegerField(null=True)
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)
    is_open = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=100)
    promotion = models.ForeignKey(
        Promotion, models.PROTECT, null=True, related_name="+", db_index=False
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount_minor = models.PositiveBigIntegerField(null=True)
    lives_days = models.PositiveIntegerField(null=True)
    is_single_use = models.BooleanField(default=True)
    partner = models.CharField(max_length=100, default="", blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_names_a_reward_once", fields=("program", "code")
            ),
            models.CheckConstraint(
                name="no_more_is_given_than_is_in_stock",
                condition=Q(stock=None) | Q(taken__lte=F("stock")),
            ),
            models.CheckConstraint(
                name="a_reward_gives_what_its_kind_says",
                condition=Q(kind__in=("discount", "promo_code"), promotion__isnull=False)
                | Q(kind__in=("voucher", "gift_card"), amount_minor__gt=0)
                | Q(kind="gift")
                | Q(kind="partner") & ~Q(partner=""),
            ),
        )

    def __str__(self) -> str:
        return self.name


class RewardOrder(Record):
    """A reward that a member chose, what it cost, and what was given for it."""

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    reward = models.ForeignKey(Reward, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    price = models.PositiveBigIntegerField()
    partner = models.CharField(
        max_length=100, default="", blank=True, help_text="whose reward it was when it was chosen"
    )
    redemption = models.OneToOneField(Redemption, models.PROTECT, null=True, related_name="+")
    promo_code = models.OneToOneField(PromoCode, models.PROTECT, null=True, related_name="+")
    value = models.OneToOneField(StoredValue, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, default="ordered")
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    ordered_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="an_order_is_in_a_known_state", condition=Q(state__in=ORDER_STATES)
            ),
            models.CheckConstraint(
                name="what_costs_points_is_paid_with_points",
                condition=Q(price=0, redemption=None) | Q(price__gt=0, redemption__isnull=False),
            ),
        )
        indexes = (
            models.Index(fields=("reward", "member"), name="reward_order_by_reward"),
            models.Index(
                fields=("state", "id"),
                name="reward_order_open",
                condition=Q(state__in=("ordered", "ready")),
            ),
        )


class Steps(AppendOnlyRows):
    """Steps of orders, which may be added and read."""


class RewardStep(Record):
    """One step of an order on its way, with who took it and what they noted."""

    order = models.ForeignKey(RewardOrder, models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=10)
    note = models.CharField(max_length=200, default="", blank=True)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()

    objects = Steps.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="an_order_takes_a_step_once", fields=("order", "state")),
            models.CheckConstraint(
                name="a_step_leads_to_a_known_state", condition=Q(state__in=ORDER_STATES)
            ),
        )
