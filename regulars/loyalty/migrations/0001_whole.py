"""All tables of loyalty in one step, for a new installation; others have come here by the steps it replaces."""

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [
        ("loyalty", "0001_ledger_and_programs"),
        ("loyalty", "0002_members_led_by_others"),
        ("loyalty", "0003_receipts_cancelled_at_tills"),
        ("loyalty", "0004_debts_pending_points_and_restorations"),
        ("loyalty", "0005_liability_estimates"),
        ("loyalty", "0006_memories_campaigns_and_referrals"),
        ("loyalty", "0007_rewards_codes_and_stored_value"),
        ("loyalty", "0008_holds"),
        ("loyalty", "0009_seals"),
        ("loyalty", "0010_drafts_of_rules"),
        ("loyalty", "0011_ladders"),
        ("loyalty", "0012_adjustments"),
        ("loyalty", "0013_expiry_of_units"),
        ("loyalty", "0014_reminders_of_expiry"),
        ("loyalty", "0015_handovers"),
        ("loyalty", "0016_watches_and_spending_limits"),
        ("loyalty", "0017_ledger_by_booking"),
        ("loyalty", "0018_warnings_before_a_tier_falls"),
        ("loyalty", "0019_households"),
    ]

    initial = True

    dependencies = [
        ("company", "0001_initial"),
        ("core", "0002_api_keys"),
        ("customers", "0001_whole"),
    ]

    operations = [
        migrations.CreateModel(
            name="Program",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                (
                    "enrols",
                    models.CharField(
                        default="everyone",
                        help_text="everyone: with the first purchase; on_request: who asked to join",
                        max_length=10,
                    ),
                ),
                ("stacking", models.CharField(default="all", max_length=10)),
                ("rounding", models.CharField(default="floor", max_length=10)),
                ("currency", models.CharField(max_length=3)),
                (
                    "returns",
                    models.CharField(
                        default="within_balance",
                        help_text="what goods that come back take of the points they earned",
                        max_length=20,
                    ),
                ),
                (
                    "debt_max",
                    models.PositiveBigIntegerField(
                        help_text="how much a member may owe, where returns are limited", null=True
                    ),
                ),
                (
                    "dead_points",
                    models.CharField(
                        default="die",
                        help_text="die, reinstate: spent points that come back after their end",
                        max_length=10,
                    ),
                ),
                (
                    "pending",
                    models.CharField(
                        default="none",
                        help_text="none, days, event: when points of purchases become usable",
                        max_length=10,
                    ),
                ),
                ("pending_days", models.PositiveSmallIntegerField(default=0)),
                (
                    "adjust_max",
                    models.PositiveBigIntegerField(
                        help_text="points given or taken by hand beyond it wait for a second person; empty: none do",
                        null=True,
                    ),
                ),
                (
                    "reminds_days",
                    models.PositiveSmallIntegerField(
                        help_text="how long before points expire members hear of it; empty: not at all",
                        null=True,
                    ),
                ),
                (
                    "handover_max",
                    models.PositiveBigIntegerField(
                        db_default=0,
                        default=0,
                        help_text="points a member may give to another at once; 0: none",
                    ),
                ),
                (
                    "handover_day_max",
                    models.PositiveBigIntegerField(
                        db_default=0,
                        default=0,
                        help_text="points a person may give to others in a day; 0: none",
                    ),
                ),
                (
                    "spending_limits",
                    models.JSONField(
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        help_text="see rules.guarding",
                    ),
                ),
                (
                    "household_rules",
                    models.JSONField(
                        db_default=models.Value({}, models.JSONField()),
                        default=dict,
                        help_text="see rules.households; empty: points are not shared",
                    ),
                ),
                ("card_prefix", models.CharField(default="7", max_length=4)),
                ("is_open", models.BooleanField(default=True)),
                ("started_at", models.DateTimeField()),
                (
                    "edition",
                    models.UUIDField(
                        default=uuid.uuid4,
                        help_text="new with every change of units, rules or tiers",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("enrols__in", ("everyone", "on_request"))),
                        name="program_enrols_everyone_or_on_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stacking__in", ("all", "best", "ordered"))),
                        name="program_stacks_in_a_known_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rounding__in", ("floor", "half_up", "half_even"))),
                        name="program_rounds_in_a_known_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("debt_max__isnull", False), ("returns__in", ("limited",))),
                            models.Q(
                                ("debt_max__isnull", True),
                                (
                                    "returns__in",
                                    ("keep", "only_pending", "within_balance", "unlimited"),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="program_takes_returns_in_a_known_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("dead_points__in", ("die", "reinstate"))),
                        name="dead_points_die_or_are_reinstated",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("pending", "days"), ("pending_days__gt", 0)),
                            models.Q(("pending__in", ("none", "event")), ("pending_days", 0)),
                            _connector="OR",
                        ),
                        name="points_wait_for_nothing_days_or_an_event",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("card_prefix__regex", "^[0-9]{1,4}$")),
                        name="card_prefix_is_digits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ladder",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=50)),
                ("name_ru", models.CharField(blank=True, default="", max_length=50)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_tracked", models.BooleanField(default=False)),
                (
                    "warns_days",
                    models.PositiveSmallIntegerField(
                        help_text="how long before a tier falls members hear of it; empty: not at all",
                        null=True,
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_ladder_once"
                    ),
                    models.UniqueConstraint(
                        fields=("program", "position"), name="a_program_has_ladders_in_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tier",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=50)),
                ("name_ru", models.CharField(blank=True, default="", max_length=50)),
                ("qualifying_min", models.PositiveBigIntegerField()),
                (
                    "benefits",
                    models.JSONField(default=list, help_text="codes of what the tier brings"),
                ),
                ("is_retired", models.BooleanField(default=False)),
                (
                    "ladder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.ladder",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_tier_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_retired", False)),
                        fields=("ladder", "qualifying_min"),
                        name="a_threshold_leads_to_one_tier",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.CharField(db_collation="C", max_length=19, unique=True)),
                (
                    "token",
                    models.CharField(
                        db_collation="C",
                        help_text="the secret part of the card's link",
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("visits", models.PositiveIntegerField(default=0)),
                ("joined_at", models.DateTimeField()),
                (
                    "frozen_at",
                    models.DateTimeField(
                        help_text="since when the member's points may not be spent or moved",
                        null=True,
                    ),
                ),
                (
                    "frozen_reason",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        help_text="whose card it is among the employees",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "led_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("led_by__isnull", False)),
                        fields=["led_by"],
                        name="member_by_leading_one",
                    ),
                    models.Index(fields=["program", "tier"], name="member_by_tier"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__regex", "^[0-9]+$")),
                        name="card_number_is_digits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("led_by", models.F("id")), _negated=True),
                        name="nobody_is_led_by_oneself",
                    ),
                    models.UniqueConstraint(
                        fields=("program", "customer"), name="a_customer_joins_a_program_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("employee__isnull", False)),
                        fields=("program", "employee"),
                        name="an_employee_has_one_card_in_a_program",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=50)),
                ("name_ru", models.CharField(blank=True, default="", max_length=50)),
                ("kind", models.CharField(max_length=10)),
                ("worth_minor", models.PositiveBigIntegerField(default=0)),
                (
                    "worth_points",
                    models.PositiveBigIntegerField(
                        default=1,
                        help_text="so many points are worth the amount of money beside it",
                    ),
                ),
                (
                    "expiry",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="versions of how long it lives, the first one first",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_unit_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("spendable", "qualifying", "money"))),
                        name="unit_is_spendable_qualifying_or_money",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("worth_points__gt", 0)), name="worth_is_a_ratio"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("pot", models.CharField(blank=True, default="", max_length=10)),
                ("balance", models.BigIntegerField(null=True)),
                ("debt", models.PositiveBigIntegerField(db_default=0, default=0)),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "balance__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.Value(0), "-", models.F("debt")
                                ),
                            ),
                            ("balance", None),
                            _connector="OR",
                        ),
                        name="account_is_never_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("debt", 0), ("member__isnull", False), _connector="OR"),
                        name="only_members_owe",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("balance__isnull", False), ("member__isnull", False), ("pot", "")
                            ),
                            models.Q(
                                ("balance__isnull", True),
                                ("member__isnull", True),
                                (
                                    "pot__in",
                                    (
                                        "issued",
                                        "redeemed",
                                        "expired",
                                        "reversed",
                                        "adjusted",
                                        "held",
                                        "partner",
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="account_is_a_members_or_a_pot",
                    ),
                    models.UniqueConstraint(
                        fields=("member", "unit"), name="a_member_holds_a_unit_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("member__isnull", True)),
                        fields=("unit", "pot"),
                        name="a_unit_has_each_pot_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Accrual",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("posted_at", models.DateTimeField()),
                ("receipt", models.JSONField()),
                (
                    "reversed_at",
                    models.DateTimeField(
                        help_text="when all of the purchase was returned or undone; no visit since",
                        null=True,
                    ),
                ),
                (
                    "active_from",
                    models.DateTimeField(
                        help_text="when its points become usable; empty while they wait for an event",
                        null=True,
                    ),
                ),
                (
                    "purchase",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.purchase",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("purchase", "program"), name="a_purchase_is_posted_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("amount", models.PositiveBigIntegerField()),
                ("held_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="captured, released, lapsed; empty: open",
                        max_length=10,
                    ),
                ),
                ("captured", models.PositiveBigIntegerField(default=0)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("outcome", "")),
                        fields=["account", "ends_at"],
                        name="hold_open_by_account",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), ("ends_at__gt", models.F("held_at"))),
                        name="a_hold_sets_something_aside",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("captured__gt", 0),
                                ("captured__lte", models.F("amount")),
                                ("outcome", "captured"),
                            ),
                            models.Q(("captured", 0), ("outcome__in", ("", "released", "lapsed"))),
                            _connector="OR",
                        ),
                        name="a_hold_captures_no_more_than_it_holds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "")),
                            models.Q(
                                models.Q(("outcome", ""), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="a_hold_that_ended_says_how",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("amount", models.PositiveBigIntegerField()),
                ("worth_minor", models.PositiveBigIntegerField()),
                ("redeemed_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.hold",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "purchase",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.purchase",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("purchase__isnull", False)),
                        fields=["purchase"],
                        name="redemption_by_purchase",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_redemption_spends_something"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50)),
                ("version", models.PositiveIntegerField(default=1)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("kind", models.CharField(max_length=50)),
                ("settings", models.JSONField(default=dict)),
                ("in_force_from", models.DateTimeField(null=True)),
                ("in_force_to", models.DateTimeField(null=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                (
                    "is_last",
                    models.BooleanField(default=False, help_text="no rule after this one runs"),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code", "version"), name="a_rule_has_each_version_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("in_force_to__isnull", True),
                            ("in_force_from__isnull", True),
                            ("in_force_to__gte", models.F("in_force_from")),
                            _connector="OR",
                        ),
                        name="a_rule_ends_no_earlier_than_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "key",
                    models.CharField(
                        db_collation="C",
                        help_text="names the cause; makes a repeat harmless",
                        max_length=150,
                        unique=True,
                    ),
                ),
                ("amount", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "accrual",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.accrual",
                    ),
                ),
                (
                    "redemption",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.redemption",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.rule",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["source", "id"], name="transfer_by_source"),
                    django.contrib.postgres.indexes.BrinIndex(
                        autosummarize=True, fields=["recorded_at"], name="transfer_by_booking"
                    ),
                    models.Index(fields=["target", "id"], name="transfer_by_target"),
                    models.Index(
                        condition=models.Q(("redemption__isnull", False)),
                        fields=["redemption"],
                        name="transfer_by_redemption",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="transfer_moves_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", models.F("target")), _negated=True),
                        name="transfer_has_two_ends",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("amount", models.BigIntegerField()),
                (
                    "reason",
                    models.CharField(help_text="one of `rules.adjusting.REASONS`", max_length=20),
                ),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                (
                    "earned_at",
                    models.DateTimeField(
                        help_text="from when on the unit's rule counts the life of what is given",
                        null=True,
                    ),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        help_text="instead of the end by the unit's rule", null=True
                    ),
                ),
                ("state", models.CharField(help_text="done, waiting, declined", max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.apikey",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "transfer",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.transfer",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["id"],
                        name="adjustment_that_waits",
                    ),
                    models.Index(
                        condition=models.Q(("work__isnull", False)),
                        fields=["work"],
                        name="adjustment_by_work",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True),
                        name="an_adjustment_moves_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), ("transfer__isnull", False)),
                            models.Q(
                                ("state__in", ("waiting", "declined")), ("transfer__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="an_adjustment_moves_points_once_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "waiting")),
                            models.Q(
                                models.Q(("state", "waiting"), _negated=True),
                                ("decided_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="an_adjustment_is_decided_or_waits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("decided_by__isnull", True),
                            ("asked_by__isnull", True),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_approves_ones_own_adjustment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            models.Q(("earned_at__isnull", True), ("ends_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="only_what_is_given_has_dates",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50)),
                ("counts", models.CharField(max_length=12)),
                ("most", models.PositiveBigIntegerField()),
                ("hours", models.PositiveSmallIntegerField()),
                (
                    "staff_only",
                    models.BooleanField(
                        default=False, help_text="looks at cards of employees only"
                    ),
                ),
                (
                    "freezes",
                    models.BooleanField(
                        default=False, help_text="an alarm freezes the card at once"
                    ),
                ),
                ("is_on", models.BooleanField(default=True)),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_watch_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("counts__in", ("purchases", "earned", "redemptions", "redeemed"))
                        ),
                        name="a_watch_counts_something_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hours__gt", 0), ("most__gt", 0)),
                        name="a_watch_looks_back_some_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Alarm",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("found", models.PositiveBigIntegerField()),
                ("most", models.PositiveBigIntegerField()),
                ("hours", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("state", models.CharField(default="open", max_length=10)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "watch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.watch",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")), fields=["id"], name="alarm_open"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("watch", "member"),
                        name="a_watch_alarms_once_until_somebody_looks",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "open")),
                            models.Q(
                                ("decided_at__isnull", False), ("state__in", ("harmless", "fraud"))
                            ),
                            _connector="OR",
                        ),
                        name="an_alarm_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("found__gt", models.F("most"))),
                        name="an_alarm_has_a_cause",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("budget", models.PositiveBigIntegerField(null=True)),
                ("spent", models.PositiveBigIntegerField(default=0)),
                ("is_open", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_campaign_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("budget__isnull", True),
                            ("spent__lte", models.F("budget")),
                            _connector="OR",
                        ),
                        name="a_campaign_spends_its_budget_at_most",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cancellation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("number", models.CharField(db_collation="C", max_length=100)),
                ("at", models.DateTimeField()),
                (
                    "purchase",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.purchase",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "number"), name="a_receipt_is_cancelled_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number", ""), _negated=True),
                        name="a_cancelled_receipt_has_a_number",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("changes", models.JSONField(default=dict)),
                ("state", models.CharField(default="open", max_length=10)),
                ("made_at", models.DateTimeField()),
                ("outcome", models.JSONField(null=True)),
                ("basis", models.UUIDField(null=True)),
                ("replayed_at", models.DateTimeField(null=True)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "is_confirmed",
                    models.BooleanField(
                        default=False,
                        help_text="who made it published it too, and confirmed that explicitly",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("open", "published", "dropped"))),
                        name="draft_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True),
                            models.Q(
                                ("published_at__isnull", False), ("replayed_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="a_draft_is_published_after_a_replay",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "published"), _negated=True),
                            ("is_confirmed", True),
                            models.Q(
                                ("made_by__isnull", False),
                                ("published_by__isnull", False),
                                models.Q(("published_by", models.F("made_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="two_look_at_a_draft_or_one_confirms",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExpiryReminder",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", models.PositiveBigIntegerField()),
                ("ends_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "made_at"), name="an_account_is_reminded_once_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_reminder_is_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FallWarning",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("missing", models.BigIntegerField()),
                ("keep_by", models.DateTimeField()),
                ("falls_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                (
                    "ladder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.ladder",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "after",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "ladder", "tier", "falls_at"),
                        name="a_fall_is_warned_of_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("keep_by__lte", models.F("falls_at")),
                            ("made_at__lt", models.F("keep_by")),
                            ("missing__gte", 0),
                        ),
                        name="a_warning_comes_before_the_fall",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GivenTier",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("since", models.DateTimeField()),
                ("to", models.DateTimeField(null=True)),
                ("reason", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to__isnull", True), ("to__gte", models.F("since")), _connector="OR"
                        ),
                        name="a_given_tier_ends_after_it_begins",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Household",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "head",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("amount", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(db_default="gift", default="gift", max_length=5)),
                (
                    "household",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.household",
                    ),
                ),
                (
                    "giver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "taker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_handover_moves_points"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("household__isnull", True), ("kind", "gift")),
                            models.Q(
                                ("household__isnull", False), ("kind__in", ("draw", "back", "stay"))
                            ),
                            _connector="OR",
                        ),
                        name="a_household_draws_and_gives_back",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("giver", models.F("taker")), _negated=True),
                        name="nobody_hands_points_to_oneself",
                    ),
                ],
                "indexes": [models.Index(fields=["giver", "at"], name="handover_by_giver")],
            },
        ),
        migrations.CreateModel(
            name="LadderStanding",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField(null=True)),
                ("valid_until", models.DateTimeField(null=True)),
                ("counted", models.BigIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=0)),
                ("state", models.JSONField()),
                (
                    "turns_at",
                    models.DateTimeField(
                        help_text="when the clock has to be heard next", null=True
                    ),
                ),
                (
                    "ladder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.ladder",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("turns_at__isnull", False)),
                        fields=["turns_at"],
                        name="standing_by_turn",
                    ),
                    models.Index(
                        condition=models.Q(("valid_until__isnull", False)),
                        fields=["valid_until"],
                        name="standing_by_end",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "ladder"), name="a_member_stands_once_on_a_ladder"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LadderVersion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("rules", models.JSONField(default=dict)),
                ("steps", models.JSONField(default=list)),
                ("in_force_from", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                (
                    "ladder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.ladder",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("ladder", "version"), name="a_ladder_has_each_version_once"
                    ),
                    models.UniqueConstraint(
                        fields=("ladder", "in_force_from"), name="one_version_of_a_ladder_at_a_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LiabilityEstimate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("month", models.DateField(help_text="its first day")),
                ("basis", models.CharField(max_length=10)),
                ("rate_ppm", models.PositiveIntegerField()),
                ("low_ppm", models.PositiveIntegerField(null=True)),
                ("high_ppm", models.PositiveIntegerField(null=True)),
                ("cohorts", models.PositiveIntegerField(default=0)),
                ("curve", models.JSONField(default=list)),
                ("made_at", models.DateTimeField()),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("unit", "month"), name="a_unit_has_one_estimate_a_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("basis__in", ("curve", "stated", "none"))),
                        name="an_estimate_has_a_basis",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate_ppm__lte", 1000000)),
                        name="an_estimate_is_a_share",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lot",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("granted", models.PositiveBigIntegerField()),
                ("remaining", models.PositiveBigIntegerField()),
                ("activates_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "reminded_for",
                    models.DateTimeField(
                        help_text="the end that its member has heard of", null=True
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.account",
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.lot",
                    ),
                ),
                (
                    "handover",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.handover",
                    ),
                ),
                (
                    "origin",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.lot",
                    ),
                ),
                (
                    "transfer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.transfer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("remaining__gt", 0)),
                        fields=["account", "expires_at", "id"],
                        name="lot_open_by_account",
                    ),
                    models.Index(
                        condition=models.Q(("origin__isnull", False)),
                        fields=["origin"],
                        name="lot_by_origin",
                    ),
                    models.Index(
                        condition=models.Q(("handover__isnull", False)),
                        fields=["handover"],
                        name="lot_by_handover",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("first__isnull", True), ("handover__isnull", True)),
                            models.Q(
                                ("first__isnull", False),
                                ("handover__isnull", False),
                                ("origin__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="what_was_handed_over_was_issued_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("granted__gt", 0), ("remaining__lte", models.F("granted"))
                        ),
                        name="a_lot_holds_no_more_than_it_was_granted",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LotUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField()),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.lot",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True),
                        name="a_use_is_of_something",
                    ),
                    models.UniqueConstraint(
                        fields=("transfer", "lot"), name="a_transfer_uses_a_lot_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MemberMemory",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("slots", models.JSONField(default=dict)),
                (
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("scope", models.CharField(default="order", max_length=150)),
                (
                    "percent_bp",
                    models.PositiveIntegerField(default=0, help_text="hundredths of a percent"),
                ),
                ("amount_minor", models.PositiveBigIntegerField(default=0)),
                ("max_minor", models.PositiveBigIntegerField(null=True)),
                ("basket_min_minor", models.PositiveBigIntegerField(default=0)),
                ("condition", models.JSONField(null=True)),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_to", models.DateTimeField(null=True)),
                ("uses_max", models.PositiveBigIntegerField(null=True)),
                ("per_customer_max", models.PositiveIntegerField(null=True)),
                ("stacking", models.CharField(default="any", max_length=10)),
                ("stack_group", models.CharField(blank=True, default="", max_length=30)),
                ("lapse_minutes", models.PositiveIntegerField(default=30)),
                ("used", models.PositiveBigIntegerField(default=0)),
                ("is_open", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_promotion_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor", 0),
                                ("percent_bp__gt", 0),
                                ("percent_bp__lte", 10000),
                            ),
                            models.Q(("amount_minor__gt", 0), ("percent_bp", 0)),
                            _connector="OR",
                        ),
                        name="a_promotion_takes_a_share_or_an_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("uses_max", None), ("used__lte", models.F("uses_max")), _connector="OR"
                        ),
                        name="a_promotion_is_not_used_beyond_its_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("stacking__in", ("any", "group", "alone"))),
                        name="a_promotion_stacks_in_a_known_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from", None),
                            ("valid_to", None),
                            ("valid_to__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="a_promotion_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromoCode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(db_collation="C", max_length=40, unique=True)),
                ("origin", models.CharField(max_length=10)),
                ("uses_max", models.PositiveBigIntegerField(null=True)),
                ("used", models.PositiveBigIntegerField(default=0)),
                ("valid_to", models.DateTimeField(null=True)),
                ("blocked_at", models.DateTimeField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promotion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["promotion", "id"], name="promo_code_by_promotion"),
                    models.Index(
                        condition=models.Q(("member__isnull", False)),
                        fields=["member"],
                        name="promo_code_by_member",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("uses_max", None), ("used__lte", models.F("uses_max")), _connector="OR"
                        ),
                        name="a_code_is_not_used_beyond_its_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("origin__in", ("given", "imported", "generated", "reward"))
                        ),
                        name="a_code_is_given_imported_or_generated",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromoReservation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("asked_hash", models.CharField(max_length=64)),
                ("answer", models.JSONField(null=True)),
                ("reserved_at", models.DateTimeField()),
                ("lapses_at", models.DateTimeField(null=True)),
                ("redeemed_at", models.DateTimeField(null=True)),
                ("rolled_back_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("redeemed_at", None), ("lapses_at__isnull", False), _connector="OR"
                        ),
                        name="what_is_redeemed_was_reserved",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PromoUse",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("discount_minor", models.PositiveBigIntegerField()),
                ("state", models.CharField(default="reserved", max_length=12)),
                ("lapses_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "code",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promocode",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promotion",
                    ),
                ),
                (
                    "reservation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promoreservation",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["code"], name="promo_use_by_code"),
                    models.Index(
                        condition=models.Q(("state", "reserved")),
                        fields=["promotion", "lapses_at"],
                        name="promo_use_reserved",
                    ),
                    models.Index(
                        fields=["promotion", "reservation"], name="promo_use_by_promotion"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reservation", "code"), name="a_basket_uses_a_code_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at", None), ("state", "reserved")),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("state__in", ("redeemed", "rolled_back", "lapsed")),
                            ),
                            _connector="OR",
                        ),
                        name="a_use_is_in_a_known_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                (
                    "friend",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("referrer", models.F("friend")), _negated=True),
                        name="nobody_refers_oneself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Restoration",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("cause", models.CharField(db_collation="C", max_length=100)),
                ("amount", models.PositiveBigIntegerField()),
                ("dead", models.PositiveBigIntegerField()),
                ("reinstated", models.PositiveBigIntegerField(default=0)),
                ("at", models.DateTimeField()),
                (
                    "redemption",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.redemption",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("redemption", "cause"), name="a_cause_restores_a_redemption_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            ("dead__lte", models.F("amount")),
                            ("reinstated__lte", models.F("dead")),
                        ),
                        name="a_restoration_gives_something_back",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reversal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("cause", models.CharField(db_collation="C", max_length=100)),
                ("due", models.PositiveBigIntegerField()),
                ("taken", models.PositiveBigIntegerField()),
                ("expired", models.PositiveBigIntegerField(db_default=0, default=0)),
                ("at", models.DateTimeField()),
                (
                    "accrual",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.accrual",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("accrual", "unit", "cause"), name="a_cause_reverses_an_accrual_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "due__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("taken"), "+", models.F("expired")
                                ),
                            )
                        ),
                        name="no_more_is_taken_than_is_due",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reward",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50)),
                ("kind", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("words", models.CharField(blank=True, default="", max_length=500)),
                ("words_ru", models.CharField(blank=True, default="", max_length=500)),
                ("category", models.CharField(blank=True, default="", max_length=50)),
                ("category_ru", models.CharField(blank=True, default="", max_length=50)),
                ("picture", models.FileField(blank=True, upload_to="rewards/")),
                ("price", models.PositiveBigIntegerField()),
                (
                    "tier_prices",
                    models.JSONField(
                        default=dict,
                        help_text="by code of tier; null: not for members of that tier",
                    ),
                ),
                (
                    "stock",
                    models.PositiveBigIntegerField(
                        help_text="in all; null is without limit", null=True
                    ),
                ),
                ("taken", models.PositiveBigIntegerField(default=0)),
                ("per_member_max", models.PositiveIntegerField(null=True)),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_to", models.DateTimeField(null=True)),
                ("is_open", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("amount_minor", models.PositiveBigIntegerField(null=True)),
                ("lives_days", models.PositiveIntegerField(null=True)),
                ("is_single_use", models.BooleanField(default=True)),
                ("partner", models.CharField(blank=True, default="", max_length=100)),
                ("made_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.product",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promotion",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "code"), name="a_program_names_a_reward_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stock", None), ("taken__lte", models.F("stock")), _connector="OR"
                        ),
                        name="no_more_is_given_than_is_in_stock",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind__in", ("discount", "promo_code")),
                                ("promotion__isnull", False),
                            ),
                            models.Q(
                                ("amount_minor__gt", 0), ("kind__in", ("voucher", "gift_card"))
                            ),
                            ("kind", "gift"),
                            models.Q(("kind", "partner"), models.Q(("partner", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="a_reward_gives_what_its_kind_says",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredValue",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("kind", models.CharField(max_length=10)),
                ("code", models.CharField(db_collation="C", max_length=40, unique=True)),
                ("pin_hash", models.CharField(blank=True, default="", max_length=64)),
                ("pin_misses", models.PositiveSmallIntegerField(default=0)),
                ("currency", models.CharField(max_length=3)),
                ("face_minor", models.PositiveBigIntegerField()),
                ("balance_minor", models.PositiveBigIntegerField()),
                ("held_minor", models.PositiveBigIntegerField(default=0)),
                ("is_single_use", models.BooleanField(default=False)),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("blocked_at", models.DateTimeField(null=True)),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("member__isnull", False)),
                        fields=["member"],
                        name="stored_value_by_member",
                    ),
                    models.Index(
                        condition=models.Q(("balance_minor__gt", 0), ("expires_at__isnull", False)),
                        fields=["expires_at"],
                        name="stored_value_by_expiry",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "gift_card"),
                            models.Q(("kind", "voucher"), ("member__isnull", False)),
                            _connector="OR",
                        ),
                        name="stored_value_is_a_voucher_or_a_gift_card",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("balance_minor__gte", models.F("held_minor")), ("held_minor__gte", 0)
                        ),
                        name="stored_value_is_never_overdrawn",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RewardOrder",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("price", models.PositiveBigIntegerField()),
                ("state", models.CharField(default="ordered", max_length=10)),
                ("ordered_at", models.DateTimeField()),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "promo_code",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.promocode",
                    ),
                ),
                (
                    "redemption",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.redemption",
                    ),
                ),
                (
                    "reward",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.reward",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "value",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.storedvalue",
                    ),
                ),
                (
                    "tier",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["reward", "member"], name="reward_order_by_reward"),
                    models.Index(
                        condition=models.Q(("state__in", ("ordered", "ready"))),
                        fields=["state", "id"],
                        name="reward_order_open",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("ordered", "ready", "delivered", "cancelled"))
                        ),
                        name="an_order_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("price", 0), ("redemption", None)),
                            models.Q(("price__gt", 0), ("redemption__isnull", False)),
                            _connector="OR",
                        ),
                        name="what_costs_points_is_paid_with_points",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RewardStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.CharField(max_length=10)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.rewardorder",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order", "state"), name="an_order_takes_a_step_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("ordered", "ready", "delivered", "cancelled"))
                        ),
                        name="a_step_leads_to_a_known_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("number", models.PositiveBigIntegerField(unique=True)),
                ("from_id", models.PositiveBigIntegerField()),
                ("upto_id", models.PositiveBigIntegerField(unique=True)),
                ("transfers", models.PositiveBigIntegerField()),
                ("before", models.CharField(db_collation="C", max_length=64)),
                ("digest", models.CharField(db_collation="C", max_length=64, unique=True)),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("upto_id__gte", models.F("from_id"))),
                        name="a_seal_covers_a_span",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("number__gt", 0)), name="seals_count_from_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Seat",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("state", models.CharField(default="invited", max_length=10)),
                ("invited_at", models.DateTimeField()),
                ("joined_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "household",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.household",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in")),
                        fields=("member",),
                        name="a_member_is_in_one_household",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("invited", "in"))),
                        fields=("household", "member"),
                        name="a_household_has_one_seat_for_a_member",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("joined_at__isnull", True),
                                ("state", "invited"),
                            ),
                            models.Q(
                                ("ended_at__isnull", True),
                                ("joined_at__isnull", False),
                                ("state", "in"),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("joined_at__isnull", True),
                                ("state", "declined"),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("joined_at__isnull", False),
                                ("state", "left"),
                            ),
                            _connector="OR",
                        ),
                        name="a_seat_is_in_a_known_state",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Shortfall",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("cause", models.CharField(db_collation="C", max_length=100)),
                ("amount", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "lot",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.lot",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "spender",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
                (
                    "after",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cause", "lot"), name="a_lot_bears_a_cause_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_shortfall_is_of_something"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SpendingCode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("sent_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "used_for",
                    models.CharField(db_collation="C", max_length=150, null=True, unique=True),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="a_code_covers_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("used_for__isnull", True),
                            ("confirmed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="a_code_is_confirmed_before_it_is_used",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StatedRate",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("month", models.DateField(help_text="its first day")),
                ("rate_ppm", models.PositiveIntegerField(null=True)),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.unit",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["unit", "id"], name="stated_rate_by_unit")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rate_ppm__isnull", True), ("rate_ppm__lte", 1000000), _connector="OR"
                        ),
                        name="a_stated_rate_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="a_stated_rate_has_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TierChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("cause", models.CharField(db_collation="C", max_length=100)),
                ("qualifying", models.BigIntegerField()),
                ("reason", models.CharField(blank=True, default="", max_length=30)),
                ("changed_at", models.DateTimeField()),
                (
                    "after",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.tier",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "cause"), name="a_cause_moves_a_tier_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("before", models.F("after")), _negated=True),
                            ("before__isnull", True),
                            ("after__isnull", True),
                            _connector="OR",
                        ),
                        name="a_tier_change_changes_the_tier",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ValuePayment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("asked_minor", models.PositiveBigIntegerField()),
                ("captured_minor", models.PositiveBigIntegerField(default=0)),
                ("refunded_minor", models.PositiveBigIntegerField(default=0)),
                ("state", models.CharField(max_length=10)),
                ("reason", models.CharField(blank=True, default="", max_length=30)),
                ("made_at", models.DateTimeField()),
                ("lapses_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "employee",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "value",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.storedvalue",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "held")),
                        fields=["lapses_at"],
                        name="value_payment_held",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("asked_minor__gt", 0)),
                        name="a_payment_asks_for_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("captured_minor__lte", models.F("asked_minor"))),
                        name="no_more_is_captured_than_was_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("refunded_minor__lte", models.F("captured_minor"))),
                        name="no_more_is_refunded_than_was_captured",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("closed_at", None), ("lapses_at__isnull", False), ("state", "held")
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("state__in", ("captured", "released", "lapsed", "declined")),
                            ),
                            _connector="OR",
                        ),
                        name="a_payment_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("captured_minor", 0), ("state", "captured"), _connector="OR"
                        ),
                        name="only_what_is_captured_pays",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ValueEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(db_collation="C", max_length=170, unique=True)),
                ("kind", models.CharField(max_length=10)),
                ("amount_minor", models.PositiveBigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "value",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.storedvalue",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.valuepayment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="an_entry_moves_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ("issue", "load", "capture", "refund", "expire", "cancel"))
                        ),
                        name="an_entry_is_of_a_known_kind",
                    ),
                ],
            },
        ),
        # Room on each page keeps updates of balances from touching the indexes.
        migrations.RunSQL(
            "ALTER TABLE loyalty_account SET (fillfactor = 70);"
            "ALTER TABLE loyalty_member SET (fillfactor = 70);"
            "ALTER TABLE loyalty_lot SET (fillfactor = 80);",
            migrations.RunSQL.noop,
        ),
    ]
