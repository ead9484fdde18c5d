"""Parcels come packed and say their size, and PostgreSQL need not try to pack them again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0004_webhooks")]

    operations = [
        migrations.AddField(
            "parcel",
            "size",
            models.PositiveIntegerField(db_default=0, help_text="bytes of the body, unpacked"),
        ),
        migrations.RunSQL(
            "UPDATE connectors_parcel SET size = octet_length(body)", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            "ALTER TABLE connectors_parcel ALTER body SET STORAGE EXTERNAL",
            "ALTER TABLE connectors_parcel ALTER body SET STORAGE EXTENDED",
        ),
    ]
