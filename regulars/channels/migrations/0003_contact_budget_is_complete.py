from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("channels", "0002_contact_budget")]

    operations = [
        migrations.RemoveField("contactrule", "days"),
        migrations.AlterField(
            "message",
            "contact_at",
            models.DateTimeField(help_text="as of when the contact budget counts it"),
        ),
        migrations.AddConstraint(
            "contactrule",
            models.CheckConstraint(name="a_contact_rule_counts_contacts", condition=Q(max__gte=0)),
        ),
        migrations.AddConstraint(
            "contactrule",
            models.CheckConstraint(
                name="over_the_limit_is_dropped_or_moved",
                condition=Q(on_excess="skip") | Q(on_excess="delay") & ~Q(delay=""),
            ),
        ),
    ]
