"""Programs may round points up."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0025_lots_numbered_as_their_transfers")]

    operations = [
        migrations.RemoveConstraint("program", "program_rounds_in_a_known_way"),
        migrations.AddConstraint(
            "program",
            models.CheckConstraint(
                condition=models.Q(("rounding__in", ("floor", "ceil", "half_up", "half_even"))),
                name="program_rounds_in_a_known_way",
            ),
        ),
    ]
