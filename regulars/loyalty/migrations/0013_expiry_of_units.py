"""How long points live becomes a setting with versions; months become its first version."""

from django.db import migrations, models

MONTHS = """
    UPDATE loyalty_unit SET expiry = jsonb_build_array(jsonb_build_object(
        'expiry', jsonb_build_object('kind', 'months', 'months', lives_months)))
    WHERE lives_months IS NOT NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0012_adjustments")]

    operations = [
        migrations.AddField(
            "unit",
            "expiry",
            models.JSONField(
                blank=True,
                default=list,
                help_text="versions of how long it lives, the first one first",
            ),
        ),
        migrations.RunSQL(MONTHS, migrations.RunSQL.noop),
        migrations.RemoveField("unit", "lives_months"),
    ]
