"""Members hear once of points that are about to expire."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0013_expiry_of_units")]

    operations = [
        migrations.AddField(
            "program",
            "reminds_days",
            models.PositiveSmallIntegerField(
                help_text="how long before points expire members hear of it; empty: not at all",
                null=True,
            ),
        ),
        migrations.AddField(
            "lot",
            "reminded_for",
            models.DateTimeField(help_text="the end that its member has heard of", null=True),
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
        ),
        migrations.AddConstraint(
            "expiryreminder",
            models.UniqueConstraint(
                fields=("account", "made_at"), name="an_account_is_reminded_once_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            "expiryreminder",
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="a_reminder_is_of_something"
            ),
        ),
    ]
