"""Each seal says in which form it was hashed: those made until now in the first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0023_ends_looked_at_once")]

    operations = [
        migrations.AddField(
            "seal",
            "form",
            models.PositiveSmallIntegerField(
                db_default=1,
                default=1,
                help_text="how the transfers' bytes were laid out for the hash",
            ),
        ),
    ]
