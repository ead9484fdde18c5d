"""Members hear once that a tier is about to fall, and what is missing to keep it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0017_ledger_by_booking")]

    operations = [
        migrations.AddField(
            "ladder",
            "warns_days",
            models.PositiveSmallIntegerField(
                help_text="how long before a tier falls members hear of it; empty: not at all",
                null=True,
            ),
        ),
        migrations.CreateModel(
            name="FallWarning",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("missing", models.BigIntegerField()),
                ("keep_by", models.DateTimeField()),
                ("falls_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                *[
                    (
                        name,
                        models.ForeignKey(
                            db_index=False,
                            null=name == "after",
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=f"loyalty.{'tier' if name == 'after' else name}",
                        ),
                    )
                    for name in ("member", "ladder", "tier", "after")
                ],
            ],
        ),
        migrations.AddConstraint(
            "fallwarning",
            models.UniqueConstraint(
                fields=("member", "ladder", "tier", "falls_at"), name="a_fall_is_warned_of_once"
            ),
        ),
        migrations.AddConstraint(
            "fallwarning",
            models.CheckConstraint(
                condition=Q(missing__gte=0, keep_by__lte=F("falls_at"), made_at__lt=F("keep_by")),
                name="a_warning_comes_before_the_fall",
            ),
        ),
    ]
