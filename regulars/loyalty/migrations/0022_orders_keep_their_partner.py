"""An order keeps whose reward it was when it was chosen, whatever the reward becomes later."""

from django.db import migrations, models

OF_TODAY = """
UPDATE loyalty_rewardorder ordered SET partner = reward.partner FROM loyalty_reward reward
WHERE reward.id = ordered.reward_id AND reward.kind = 'partner'
"""


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0021_partners")]

    operations = [
        migrations.AddField(
            "rewardorder",
            "partner",
            models.CharField(
                blank=True,
                default="",
                help_text="whose reward it was when it was chosen",
                max_length=100,
            ),
        ),
        migrations.RunSQL(OF_TODAY, migrations.RunSQL.noop),
    ]
