"""Partners with their prices of a point, and months that are closed with them for good."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

KEPT = """
CREATE FUNCTION loyalty_closed_month_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a month that is closed with a partner is never changed';
END $$;
CREATE TRIGGER closed_month_is_kept BEFORE UPDATE OR DELETE ON loyalty_partnerstatement
    FOR EACH STATEMENT EXECUTE FUNCTION loyalty_closed_month_is_kept();
"""
FREED = """
DROP TRIGGER closed_month_is_kept ON loyalty_partnerstatement;
DROP FUNCTION loyalty_closed_month_is_kept();
"""


def of(to, **told):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
        **told,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0020_uses_by_the_thousand"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("issue_price_minor", models.PositiveIntegerField()),
                ("redeem_price_minor", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField()),
                ("program", of("loyalty.program")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("program", "name"), name="a_program_knows_a_partner_once"
                    ),
                    models.CheckConstraint(condition=~Q(name=""), name="a_partner_has_a_name"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PartnerStatement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("month", models.DateField(help_text="its first day")),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("issued", models.PositiveBigIntegerField()),
                ("returned", models.PositiveBigIntegerField()),
                ("redeemed", models.PositiveBigIntegerField()),
                ("given_back", models.PositiveBigIntegerField()),
                ("issue_price_minor", models.PositiveIntegerField()),
                ("redeem_price_minor", models.PositiveIntegerField()),
                (
                    "owed_minor",
                    models.BigIntegerField(help_text="below zero where the partner is owed"),
                ),
                ("closed_at", models.DateTimeField()),
                ("closed_by", of(settings.AUTH_USER_MODEL, null=True)),
                ("partner", of("loyalty.partner")),
                ("unit", of("loyalty.unit")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("partner", "unit", "month"),
                        name="a_month_is_closed_with_a_partner_once",
                    ),
                    models.CheckConstraint(
                        condition=Q(starts_at__lt=F("ends_at"), closed_at__gte=F("ends_at")),
                        name="a_statement_is_of_a_month_that_is_over",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            owed_minor=(F("issued") - F("returned")) * F("issue_price_minor")
                            - (F("redeemed") - F("given_back")) * F("redeem_price_minor")
                        ),
                        name="a_statement_adds_up",
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEPT, FREED),
    ]
