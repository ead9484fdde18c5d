"""Programs: what members hold, how it is earned, and which tiers there are."""

from uuid import uuid4

from django.db import models
from django.db.models import Q, Value

from regulars.core.models import Record
from regulars.loyalty.rules.expiry import ExpiryVersion, Life


class Program(Record):
    """One loyalty scheme of the company, with its units, rules and tiers."""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    enrols = models.CharField(
        max_length=10,
        default="everyone",
        help_text="everyone: with the first purchase; on_request: who asked to join",
    )
    stacking = models.CharField(max_length=10, default="all")
    rounding = models.CharField(max_length=10, default="floor")
    currency = models.CharField(max_length=3)
    returns = models.CharField(
        max_length=20,
        default="within_balance",
        help_text="what goods that come back take of the points they earned",
    )
    debt_max = models.PositiveBigIntegerField(
        null=True, help_text="how much a member may owe, where returns are limited"
    )
    dead_points = models.CharField(
        max_length=10,
        default="die",
        help_text="die, reinstate: spent points that come back after their end",
    )
    pending = models.CharField(
        max_length=10,
        default="none",
        help_text="none, days, event: when points of purchases become usable",
    )
    pending_days = models.PositiveSmallIntegerField(default=0)
    adjust_max = models.PositiveBigIntegerField(
        null=True,
        help_text="points given or taken by hand beyond it wait for a second person; empty: none do",
    )
    reminds_days = models.PositiveSmallIntegerField(
        null=True, help_text="how long before points expire members hear of it; empty: not at all"
    )
    handover_max = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="points a member may give to another at once; 0: none"
    )
    handover_day_max = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="points a person may give to others in a day; 0: none"
    )
    spending_limits = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="see rules.guarding",
    )
    household_rules = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="see rules.households; empty: points are not shared",
    )
    card_prefix = models.CharField(max_length=4, default="7")
    is_open = models.BooleanField(default=True)
    started_at = models.DateTimeField()
    edition = models.UUIDField(
        default=uuid4, help_text="new with every change of units, rules or tiers"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="program_enrols_everyone_or_on_request",
                condition=Q(enrols__in=("everyone", "on_request")),
            ),
            models.CheckConstraint(
                name="program_stacks_in_a_known_way",
                condition=Q(stacking__in=("all", "best", "ordered")),
            ),
            models.CheckConstraint(
                name="program_rounds_in_a_known_way",
                condition=Q(rounding__in=("floor", "ceil", "half_up", "half_even")),
            ),
            models.CheckConstraint(
                name="program_takes_returns_in_a_known_way",
                condition=Q(returns__in=("limited",), debt_max__isnull=False)
                | Q(
                    returns__in=("keep", "only_pending", "within_balance", "unlimited"),
                    debt_max__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="dead_points_die_or_are_reinstated",
                condition=Q(dead_points__in=("die", "reinstate")),
            ),
            models.CheckConstraint(
                name="points_wait_for_nothing_days_or_an_event",
                condition=Q(pending="days", pending_days__gt=0)
                | Q(pending__in=("none", "event"), pending_days=0),
            ),
            models.CheckConstraint(
                name="card_prefix_is_digits", condition=Q(card_prefix__regex=r"^[0-9]{1,4}$")
            ),
        )

    def __str__(self) -> str:
        return self.name


class Unit(Record):
    """What an account holds: spendable points, qualifying points or cashback money."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    code = models.CharField(max_length=30)
    name = models.CharField(max_length=50)
    name_ru = models.CharField(max_length=50, default="", blank=True)
    kind = models.CharField(max_length=10)
    worth_minor = models.PositiveBigIntegerField(default=0)
    worth_points = models.PositiveBigIntegerField(
        default=1, help_text="so many points are worth the amount of money beside it"
    )
    expiry = models.JSONField(
        default=list, blank=True, help_text="versions of how long it lives, the first one first"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_program_names_a_unit_once", fields=("program", "code")),
            models.CheckConstraint(
                name="unit_is_spendable_qualifying_or_money",
                condition=Q(kind__in=("spendable", "qualifying", "money")),
            ),
            models.CheckConstraint(name="worth_is_a_ratio", condition=Q(worth_points__gt=0)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def life(self) -> Life:
        """How long points of this unit live, by the moment they are granted."""
        return Life(ExpiryVersion.model_validate(one) for one in self.expiry)

    def worth_of(self, amount: int) -> int:
        """What an amount of this unit is worth in minor units of money, cut to whole ones."""
        return amount * self.worth_minor // self.worth_points


class Rule(Record):
    """One version of an earn rule; a change closes it and opens the next version."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    code = models.CharField(max_length=50)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    kind = models.CharField(max_length=50)
    settings = models.JSONField(default=dict)
    in_force_from = models.DateTimeField(null=True)
    in_force_to = models.DateTimeField(null=True)
    position = models.PositiveSmallIntegerField(default=100)
    is_last = models.BooleanField(default=False, help_text="no rule after this one runs")
    made_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_rule_has_each_version_once", fields=("program", "code", "version")
            ),
            models.CheckConstraint(
                name="a_rule_ends_no_earlier_than_it_begins",
                condition=Q(in_force_to__isnull=True)
                | Q(in_force_from__isnull=True)
                | Q(in_force_to__gte=models.F("in_force_from")),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Ladder(Record):
    """Tiers that are climbed together. The first ladder of a program is its main one.

    The plainest kind needs no memory: its tier follows from the qualifying balance. Where time or
    hand-given tiers play a part, it is tracked: each member's standing on it is kept.
    """

    program = models.ForeignKey(Program, models.PROTECT, related_name="+", db_index=False)
    code = models.CharField(max_length=30)
    name = models.CharField(max_length=50)
    name_ru = models.CharField(max_length=50, default="", blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_tracked = models.BooleanField(default=False)
    warns_days = models.PositiveSmallIntegerField(
        null=True, help_text="how long before a tier falls members hear of it; empty: not at all"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_program_names_a_ladder_once", fields=("program", "code")
            ),
            models.UniqueConstraint(
                name="a_program_has_ladders_in_order", fields=("program", "position")
            ),
        )

    def __str__(self) -> str:
        return self.name


class Tier(Record):
    """A level that members reach with what counts for its ladder; once used, it can be retired."""

    program = models.ForeignKey(Program, models.PROTECT, related_name="+")
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="+")
    code = models.CharField(max_length=30)
    name = models.CharField(max_length=50)
    name_ru = models.CharField(max_length=50, default="", blank=True)
    qualifying_min = models.PositiveBigIntegerField()
    benefits = models.JSONField(default=list, help_text="codes of what the tier brings")
    is_retired = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_program_names_a_tier_once", fields=("program", "code")),
            models.UniqueConstraint(
                name="a_threshold_leads_to_one_tier",
                fields=("ladder", "qualifying_min"),
                condition=Q(is_retired=False),
            ),
        )

    def __str__(self) -> str:
        return self.name
