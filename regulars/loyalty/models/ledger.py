"""The ledger: immutable transfers between accounts, and the lots that carry their dates."""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from regulars.company.models import Store
from regulars.core.models import Record
from regulars.customers.models import Purchase
from regulars.loyalty.models.handovers import Handover
from regulars.loyalty.models.members import Member
from regulars.loyalty.models.programs import Program, Rule, Unit

POTS = ("issued", "redeemed", "expired", "reversed", "adjusted", "held", "partner")
"""The program's own accounts of each unit; their balances are summed, never kept."""


class AppendOnlyRows(models.QuerySet[Any]):
    """Rows that may be added and read; corrections are new rows."""

    def update(self, **changes: Any) -> NoReturn:
        raise AssertionError("the ledger is corrected by new transfers, never by changing one")

    def delete(self) -> NoReturn:
        raise AssertionError("nothing leaves the ledger")


class Account(Record):
    """A member's holding of one unit, or one of the program's own pots.

    Only members' balances are kept. A row for a pot would make every till wait for every other.
    A balance is what the open lots hold less the debt, which returns leave where a program lets
    them; what comes in pays the debt first.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+", db_index=False)
    pot = models.CharField(max_length=10, default="", blank=True)
    balance = models.BigIntegerField(null=True)
    debt = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="account_is_never_overdrawn",
                condition=Q(balance__gte=0 - F("debt")) | Q(balance=None),
            ),
            models.CheckConstraint(
                name="only_members_owe", condition=Q(debt=0) | Q(member__isnull=False)
            ),
            models.CheckConstraint(
                name="account_is_a_members_or_a_pot",
                condition=Q(member__isnull=False, pot="", balance__isnull=False)
                | Q(member__isnull=True, pot__in=POTS, balance__isnull=True),
            ),
            models.UniqueConstraint(name="a_member_holds_a_unit_once", fields=("member", "unit")),
            models.UniqueConstraint(
                name="a_unit_has_each_pot_once",
                fields=("unit", "pot"),
                condition=Q(member__isnull=True),
            ),
        )


class Accrual(Record):
    """A purchase on the books of a program, with the receipt its till was given.

    Program and member never change; that they exist is seen to once a statement, as for transfers.
    """

    program = models.ForeignKey(
        Program, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    purchase = models.ForeignKey(Purchase, models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", db_constraint=False)
    at = models.DateTimeField()
    posted_at = models.DateTimeField()
    receipt = models.JSONField()
    reversed_at = models.DateTimeField(
        null=True, help_text="when all of the purchase was returned or undone; no visit since"
    )
    active_from = models.DateTimeField(
        null=True, help_text="when its points become usable; empty while they wait for an event"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_purchase_is_posted_once", fields=("purchase", "program")
            ),
        )


class Hold(Record):
    """Points set aside for an unfinished purchase; captured, released or lapsed, exactly once.

    From `ends_at` on its points are free again, whether a job has posted that yet or not.
    """

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveBigIntegerField()
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    held_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    outcome = models.CharField(
        max_length=10, default="", blank=True, help_text="captured, released, lapsed; empty: open"
    )
    captured = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_hold_sets_something_aside",
                condition=Q(amount__gt=0, ends_at__gt=F("held_at")),
            ),
            models.CheckConstraint(
                name="a_hold_captures_no_more_than_it_holds",
                condition=Q(outcome="captured", captured__gt=0, captured__lte=F("amount"))
                | Q(outcome__in=("", "released", "lapsed"), captured=0),
            ),
            models.CheckConstraint(
                name="a_hold_that_ended_says_how",
                condition=Q(outcome="", ended_at__isnull=True)
                | (~Q(outcome="") & Q(ended_at__isnull=False)),
            ),
        )
        indexes = (
            models.Index(
                fields=("account", "ends_at"), name="hold_open_by_account", condition=Q(outcome="")
            ),
        )


class Redemption(Record):
    """Points that a member spent; undone by a transfer back, within a minute at the till.

    With the purchase they paid for, a return of its goods gives their share of the points back.
    """

    store_path: ClassVar[str | None] = "store"

    key = models.CharField(max_length=150, unique=True, db_collation="C")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    amount = models.PositiveBigIntegerField()
    worth_minor = models.PositiveBigIntegerField()
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    purchase = models.ForeignKey(
        Purchase, models.PROTECT, null=True, related_name="+", db_index=False
    )
    hold = models.OneToOneField(Hold, models.PROTECT, null=True, related_name="+")
    redeemed_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_redemption_spends_something", condition=Q(amount__gt=0)),
        )
        indexes = (
            models.Index(
                fields=("purchase",),
                name="redemption_by_purchase",
                condition=Q(purchase__isnull=False),
            ),
        )


class Transfer(Record):
    """Moves a positive amount between two accounts, so the ledger always balances.

    That its accounts, receipt and rule exist is seen to once for all rows of a statement. A foreign
    key would lock them row by row, and all tills of a program share its pots and rules.
    """

    key = models.CharField(
        max_length=150,
        unique=True,
        db_collation="C",
        help_text="names the cause; makes a repeat harmless",
    )
    source = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    target = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    amount = models.PositiveBigIntegerField()
    accrual = models.ForeignKey(
        Accrual, models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    rule = models.ForeignKey(
        Rule, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    redemption = models.ForeignKey(
        Redemption, models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    objects = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="transfer_moves_something", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="transfer_has_two_ends", condition=~Q(source=F("target"))),
        )
        indexes = (
            models.Index(fields=("source", "id"), name="transfer_by_source"),
            BrinIndex(fields=("recorded_at",), name="transfer_by_booking", autosummarize=True),
            models.Index(fields=("target", "id"), name="transfer_by_target"),
            models.Index(
                fields=("redemption",),
                name="transfer_by_redemption",
                condition=Q(redemption__isnull=False),
            ),
        )


class Lot(models.Model):
    """Points granted together, usable from one moment up to another; its number is its transfer's.

    Until its moment of activation a lot is pending; without one it waits for an event.
    Where points move to another member because records are merged or parted, the target has a lot
    of its own with the same dates; `origin` names the lot that was once granted. Where a member gave
    them to another, `first` names the lot that was once issued, and `handover` how they came. Its
    account and transfer never change; that they exist is seen to once a statement, as for transfers.
    """

    transfer = models.OneToOneField(
        Transfer,
        models.PROTECT,
        primary_key=True,
        db_column="id",
        related_name="+",
        db_constraint=False,
    )
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    granted = models.PositiveBigIntegerField()
    remaining = models.PositiveBigIntegerField()
    activates_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    reminded_for = models.DateTimeField(null=True, help_text="the end that its member has heard of")
    origin = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)
    handover = models.ForeignKey(
        Handover, models.PROTECT, null=True, related_name="+", db_index=False
    )
    first = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="what_was_handed_over_was_issued_once",
                condition=Q(handover__isnull=True, first__isnull=True)
                | Q(handover__isnull=False, first__isnull=False, origin__isnull=True),
            ),
            models.CheckConstraint(
                name="a_lot_holds_no_more_than_it_was_granted",
                condition=Q(granted__gt=0, remaining__lte=F("granted")),
            ),
        )
        indexes = (
            models.Index(
                fields=("account", "expires_at", "transfer"),
                name="lot_open_by_account",
                condition=Q(remaining__gt=0),
            ),
            models.Index(
                fields=("origin",), name="lot_by_origin", condition=Q(origin__isnull=False)
            ),
            models.Index(
                fields=("handover",), name="lot_by_handover", condition=Q(handover__isnull=False)
            ),
        )


class LotUse(models.Model):
    """What a transfer took from a lot; a negative amount is what was put back by an undo.

    One spending may use thousands of lots. So its rows have no number of their own, and that their
    lots and transfers exist is seen to once for all rows of a statement; lots and transfers, which
    no row may lose, cannot be deleted.
    """

    pk = models.CompositePrimaryKey("transfer", "lot")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+", db_constraint=False)
    transfer = models.ForeignKey(
        Transfer, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    amount = models.BigIntegerField()

    objects = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_use_is_of_something", condition=~Q(amount=0)),
        )


class Reversal(Record):
    """What a return or an undo should take back of an accrual, and what became of it.

    `expired` had died by itself before, so that it was gone already; what was neither taken nor
    gone is forgiven.
    """

    accrual = models.ForeignKey(Accrual, models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    cause = models.CharField(max_length=100, db_collation="C")
    due = models.PositiveBigIntegerField()
    taken = models.PositiveBigIntegerField()
    expired = models.PositiveBigIntegerField(default=0, db_default=0)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_cause_reverses_an_accrual_once", fields=("accrual", "unit", "cause")
            ),
            models.CheckConstraint(
                name="no_more_is_taken_than_is_due",
                condition=Q(due__gte=F("taken") + F("expired")),
            ),
        )

    @property
    def forgiven(self) -> int:
        """What the program gives up."""
        return self.due - self.taken - self.expired


class Restoration(Record):
    """Points that paid for goods which came back, given back into the lots they came from.

    `dead` is the part whose lots have expired meanwhile: it dies again, or is given a fresh life
    where the program says so.
    """

    redemption = models.ForeignKey(Redemption, models.PROTECT, related_name="+", db_index=False)
    cause = models.CharField(max_length=100, db_collation="C")
    amount = models.PositiveBigIntegerField()
    dead = models.PositiveBigIntegerField()
    reinstated = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField()

    objects = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_cause_restores_a_redemption_once", fields=("redemption", "cause")
            ),
            models.CheckConstraint(
                name="a_restoration_gives_something_back",
                condition=Q(amount__gt=0, dead__lte=F("amount"), reinstated__lte=F("dead")),
            ),
        )


class Shortfall(Record):
    """What a lot paid for spending of another member beyond its own points, found when they parted."""

    cause = models.CharField(max_length=100, db_collation="C")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="+")
    owner = models.ForeignKey(Member, models.PROTECT, related_name="+")
    spender = models.ForeignKey(Member, models.PROTECT, related_name="+")
    amount = models.PositiveBigIntegerField()
    after = models.ForeignKey(Transfer, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    objects = AppendOnlyRows.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_lot_bears_a_cause_once", fields=("cause", "lot")),
            models.CheckConstraint(name="a_shortfall_is_of_something", condition=Q(amount__gt=0)),
        )
