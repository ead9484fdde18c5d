"""The nine stages are there from the start."""

from django.db import migrations

KEYS = (
    "no_knowledge",
    "awareness",
    "search",
    "purchase",
    "getting_started",
    "use",
    "service",
    "loyalty",
    "leaving",
)


def add_stages(apps, schema_editor):
    stage = apps.get_model("journey", "Stage")
    stage.objects.bulk_create(
        [stage(key=key, position=position) for position, key in enumerate(KEYS, 1)],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("journey", "0001_initial")]

    operations = [migrations.RunPython(add_stages, migrations.RunPython.noop, elidable=False)]
