"""Ladders with versions; the tiers of each program become its main ladder."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

MAIN = """
    INSERT INTO loyalty_ladder (program_id, code, name, name_ru, position, is_tracked)
    SELECT DISTINCT program_id, 'main', 'Tiers', 'Уровни', 0, false FROM loyalty_tier;
    UPDATE loyalty_tier tier SET ladder_id = ladder.id
    FROM loyalty_ladder ladder WHERE ladder.program_id = tier.program_id;
    INSERT INTO loyalty_ladderversion (ladder_id, version, rules, steps, in_force_from, made_at)
    SELECT ladder.id, 1, '{}', jsonb_agg(jsonb_build_object(
            'code', tier.code, 'minimum', tier.qualifying_min)
        ORDER BY tier.qualifying_min), program.started_at, program.started_at
    FROM loyalty_ladder ladder JOIN loyalty_program program ON program.id = ladder.program_id
    JOIN loyalty_tier tier ON tier.ladder_id = ladder.id GROUP BY ladder.id, program.started_at;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


def to(model, *, null=False, db_index=False):
    return models.ForeignKey(
        db_index=db_index,
        null=null,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=f"loyalty.{model}",
    )


def key():
    return ("id", models.BigAutoField(primary_key=True, serialize=False))


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0010_drafts_of_rules")]

    operations = [
        migrations.CreateModel(
            name="Ladder",
            fields=[
                key(),
                ("code", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=50)),
                ("name_ru", models.CharField(blank=True, default="", max_length=50)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("is_tracked", models.BooleanField(default=False)),
                ("program", to("program")),
            ],
        ),
        migrations.CreateModel(
            name="LadderVersion",
            fields=[
                key(),
                ("version", models.PositiveIntegerField(default=1)),
                ("rules", models.JSONField(default=dict)),
                ("steps", models.JSONField(default=list)),
                ("in_force_from", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("ladder", to("ladder")),
            ],
        ),
        migrations.AddField("tier", "ladder", to("ladder", null=True, db_index=True)),
        migrations.AddField(
            "tier",
            "benefits",
            models.JSONField(default=list, help_text="codes of what the tier brings"),
        ),
        migrations.AddField("tier", "is_retired", models.BooleanField(default=False)),
        migrations.AddField(
            "tierchange", "reason", models.CharField(blank=True, default="", max_length=30)
        ),
        migrations.RunSQL(MAIN, migrations.RunSQL.noop),
        migrations.AlterField("tier", "ladder", to("ladder", db_index=True)),
        migrations.CreateModel(
            name="LadderStanding",
            fields=[
                key(),
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
                ("ladder", to("ladder")),
                ("member", to("member")),
                ("tier", to("tier", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="GivenTier",
            fields=[
                key(),
                ("key", models.CharField(db_collation="C", max_length=150, unique=True)),
                ("since", models.DateTimeField()),
                ("to", models.DateTimeField(null=True)),
                ("reason", models.CharField(max_length=200)),
                ("made_at", models.DateTimeField()),
                ("member", to("member", db_index=True)),
                ("tier", to("tier")),
            ],
        ),
        migrations.RemoveConstraint("tier", "a_threshold_leads_to_one_tier"),
        migrations.AddConstraint(
            "tier",
            models.UniqueConstraint(
                condition=Q(is_retired=False),
                fields=("ladder", "qualifying_min"),
                name="a_threshold_leads_to_one_tier",
            ),
        ),
        migrations.AddConstraint(
            "ladder",
            models.UniqueConstraint(
                fields=("program", "code"), name="a_program_names_a_ladder_once"
            ),
        ),
        migrations.AddConstraint(
            "ladder",
            models.UniqueConstraint(
                fields=("program", "position"), name="a_program_has_ladders_in_order"
            ),
        ),
        migrations.AddConstraint(
            "ladderversion",
            models.UniqueConstraint(
                fields=("ladder", "version"), name="a_ladder_has_each_version_once"
            ),
        ),
        migrations.AddConstraint(
            "ladderversion",
            models.UniqueConstraint(
                fields=("ladder", "in_force_from"), name="one_version_of_a_ladder_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            "ladderstanding",
            models.UniqueConstraint(
                fields=("member", "ladder"), name="a_member_stands_once_on_a_ladder"
            ),
        ),
        migrations.AddIndex(
            "ladderstanding",
            models.Index(
                condition=Q(turns_at__isnull=False), fields=["turns_at"], name="standing_by_turn"
            ),
        ),
        migrations.AddIndex(
            "ladderstanding",
            models.Index(
                condition=Q(valid_until__isnull=False),
                fields=["valid_until"],
                name="standing_by_end",
            ),
        ),
        migrations.AddConstraint(
            "giventier",
            models.CheckConstraint(
                condition=Q(to__isnull=True) | Q(to__gte=F("since")),
                name="a_given_tier_ends_after_it_begins",
            ),
        ),
    ]
