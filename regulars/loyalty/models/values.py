"""Stored value: vouchers and gift cards, what was put on them, and what they paid."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from regulars.company.models import Store
from regulars.core.models import Record
from regulars.loyalty.models.ledger import AppendOnlyRows
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program

ENTRY_KINDS = ("issue", "load", "capture", "refund", "expire", "cancel")
"""What moves the money of a voucher or gift card; the first two and refunds add, the others take."""


class StoredValue(Record):
    """A voucher of a member or a gift card: money that pays here. The row is the lock of its money.

    What we owe for it is its balance: a liability until it is spent or has expired.
    """

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10)
    code = models.CharField(max_length=40, unique=True, db_collation="C")
    pin_hash = models.CharField(max_length=64, default="", blank=True)
    pin_misses = models.PositiveSmallIntegerField(default=0)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    currency = models.CharField(max_length=3)
    face_minor = models.PositiveBigIntegerField()
    balance_minor = models.PositiveBigIntegerField()
    held_minor = models.PositiveBigIntegerField(default=0)
    is_single_use = models.BooleanField(default=False)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    blocked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="stored_value_is_a_voucher_or_a_gift_card",
                condition=Q(kind="gift_card") | Q(kind="voucher", member__isnull=False),
            ),
            models.CheckConstraint(
                name="stored_value_is_never_overdrawn",
                condition=Q(balance_minor__gte=F("held_minor"), held_minor__gte=0),
            ),
        )
        indexes = (
            models.Index(
                fields=("member",), name="stored_value_by_member", condition=Q(member__isnull=False)
            ),
            models.Index(
                fields=("expires_at",),
                name="stored_value_by_expiry",
                condition=Q(balance_minor__gt=0, expires_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.code[-4:]}"

    @property
    def available_minor(self) -> int:
        """What can be spent now, if it has neither expired nor been blocked."""
        return self.balance_minor - self.held_minor


class ValuePayment(Record):
    """Money that a voucher or gift card holds for a basket or has paid; or why it would not."""

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    value = models.ForeignKey(StoredValue, models.PROTECT, related_name="+")
    asked_minor = models.PositiveBigIntegerField()
    captured_minor = models.PositiveBigIntegerField(default=0)
    refunded_minor = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, default="", blank=True)
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    made_at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_payment_asks_for_something", condition=Q(asked_minor__gt=0)
            ),
            models.CheckConstraint(
                name="no_more_is_captured_than_was_held",
                condition=Q(captured_minor__lte=F("asked_minor")),
            ),
            models.CheckConstraint(
                name="no_more_is_refunded_than_was_captured",
                condition=Q(refunded_minor__lte=F("captured_minor")),
            ),
            models.CheckConstraint(
                name="a_payment_is_in_a_known_state",
                condition=Q(state="held", closed_at=None, lapses_at__isnull=False)
                | Q(
                    state__in=("captured", "released", "lapsed", "declined"),
                    closed_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="only_what_is_captured_pays",
                condition=Q(captured_minor=0) | Q(state="captured"),
            ),
        )
        indexes = (
            models.Index(
                fields=("lapses_at",), name="value_payment_held", condition=Q(state="held")
            ),
        )


class Entries(AppendOnlyRows):
    """Movements of money, which may be added and read."""


class ValueEntry(Record):
    """A movement of the money of a voucher or gift card; corrections are new entries."""

    key = models.CharField(max_length=170, unique=True, db_collation="C")
    value = models.ForeignKey(StoredValue, models.PROTECT, related_name="+")
    payment = models.ForeignKey(
        ValuePayment, models.PROTECT, null=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=10)
    amount_minor = models.PositiveBigIntegerField()
    at = models.DateTimeField()

    objects = Entries.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="an_entry_moves_something", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="an_entry_is_of_a_known_kind", condition=Q(kind__in=ENTRY_KINDS)
            ),
        )
