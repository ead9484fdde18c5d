"""Members share their points in households, with one of them at the head."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q, Value


def member(**told):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="loyalty.member",
        **told,
    )


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0018_warnings_before_a_tier_falls")]

    operations = [
        migrations.AddField(
            "program",
            "household_rules",
            models.JSONField(
                db_default=Value({}, models.JSONField()),
                default=dict,
                help_text="see rules.households; empty: points are not shared",
            ),
        ),
        migrations.CreateModel(
            name="Household",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("made_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="loyalty.program",
                    ),
                ),
                ("head", member()),
            ],
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
                ("member", member()),
            ],
        ),
        migrations.AddConstraint(
            "seat",
            models.UniqueConstraint(
                condition=Q(state="in"), fields=("member",), name="a_member_is_in_one_household"
            ),
        ),
        migrations.AddConstraint(
            "seat",
            models.UniqueConstraint(
                condition=Q(state__in=("invited", "in")),
                fields=("household", "member"),
                name="a_household_has_one_seat_for_a_member",
            ),
        ),
        migrations.AddConstraint(
            "seat",
            models.CheckConstraint(
                condition=Q(state="invited", joined_at__isnull=True, ended_at__isnull=True)
                | Q(state="in", joined_at__isnull=False, ended_at__isnull=True)
                | Q(state="declined", joined_at__isnull=True, ended_at__isnull=False)
                | Q(state="left", joined_at__isnull=False, ended_at__isnull=False),
                name="a_seat_is_in_a_known_state",
            ),
        ),
        migrations.AddField(
            "handover",
            "kind",
            models.CharField(db_default="gift", default="gift", max_length=5),
        ),
        migrations.AddField(
            "handover",
            "household",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="loyalty.household",
            ),
        ),
        migrations.AddConstraint(
            "handover",
            models.CheckConstraint(
                condition=Q(kind="gift", household__isnull=True)
                | Q(kind__in=("draw", "back", "stay"), household__isnull=False),
                name="a_household_draws_and_gives_back",
            ),
        ),
    ]
