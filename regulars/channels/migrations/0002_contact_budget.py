import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce


def carry_over(apps, schema_editor):
    """Limits per purpose become rules of that scope; messages count as of when they were sent."""
    rules = apps.get_model("channels", "ContactRule")
    for rule in rules.objects.all():
        rule.code = "surveys" if rule.code == "survey" else rule.code
        rule.scope = "purpose:survey" if rule.code == "surveys" else f"purpose:{rule.code}"
        rule.window = f"P{rule.days}D"
        rule.name = f"{rule.scope.partition(':')[2]}: {rule.max} / {rule.days}"
        rule.save()
    apps.get_model("channels", "Message").objects.update(
        contact_at=Coalesce(F("sent_at"), F("created_at"))
    )


class Migration(migrations.Migration):
    atomic = True
    dependencies = [("channels", "0001_initial")]

    operations = [
        migrations.AddField("message", "contact_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "message", "survey", models.CharField(blank=True, default="", max_length=60)
        ),
        migrations.AddField(
            "message", "same_as", models.CharField(blank=True, default="", max_length=150)
        ),
        migrations.AddField("message", "is_reminder", models.BooleanField(default=False)),
        migrations.RemoveConstraint("contactrule", "a_contact_rule_counts_within_days"),
        migrations.RenameField("contactrule", "purpose", "code"),
        migrations.RenameField("contactrule", "count", "max"),
        migrations.AddField(
            "contactrule", "name", models.CharField(default="", max_length=100), preserve_default=False
        ),
        migrations.AddField(
            "contactrule", "name_ru", models.CharField(blank=True, default="", max_length=100)
        ),
        migrations.AddField("contactrule", "position", models.SmallIntegerField(default=100)),
        migrations.AddField("contactrule", "scope", models.CharField(default="all", max_length=80)),
        migrations.AddField(
            "contactrule",
            "window",
            models.CharField(default="P30D", max_length=20),
            preserve_default=False,
        ),
        migrations.AddField(
            "contactrule", "on_excess", models.CharField(default="skip", max_length=10)
        ),
        migrations.AddField(
            "contactrule", "delay", models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.AddField(
            "contactrule", "reminders", models.CharField(default="exempt", max_length=10)
        ),
        migrations.AddField(
            "contactrule",
            "spared",
            django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=30), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField("contactrule", "condition", models.JSONField(blank=True, null=True)),
        migrations.CreateModel(
            name="ContactPolicy",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("duplicate_window", models.CharField(blank=True, default="", max_length=20)),
                (
                    "whitelist",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=254),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("quiet_from", models.TimeField(blank=True, null=True)),
                ("quiet_until", models.TimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        name="quiet_hours_begin_and_end",
                        condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                        | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                    )
                ]
            },
        ),
        migrations.RunPython(carry_over, migrations.RunPython.noop),
    ]
