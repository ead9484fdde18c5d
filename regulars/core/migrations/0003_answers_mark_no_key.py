"""A stored answer no longer has the database look at its key, whose row all writes of a key would mark."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0002_api_keys")]

    operations = [
        migrations.AlterField(
            "storedanswer",
            "api_key",
            models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="core.apikey",
            ),
        ),
    ]
