"""All tables of customers in one step, for a new installation; others have come here by the steps it replaces."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import regulars.core.sealing
import uuid
from django.conf import settings
from django.db import migrations, models


KEPT = """
CREATE FUNCTION customers_access_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An erasure may take a name out of the reason, which is free text; nothing else changes.
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'reason' = to_jsonb(OLD) - 'reason' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is added to and never changed';
END $$;
CREATE TRIGGER access_is_kept BEFORE UPDATE OR DELETE ON customers_accessentry
    FOR EACH ROW EXECUTE FUNCTION customers_access_is_kept();
"""
FREED = """
DROP TRIGGER access_is_kept ON customers_accessentry;
DROP FUNCTION customers_access_is_kept();
"""


class Migration(migrations.Migration):
    replaces = [
        ("customers", "0001_initial"),
        ("customers", "0002_merge_ledger"),
        ("customers", "0003_tracked_events"),
        ("customers", "0004_consents"),
        ("customers", "0005_privacy_requests"),
        ("customers", "0006_claims_and_evidence"),
        ("customers", "0007_claims_of_known_identities"),
        ("customers", "0008_segments"),
        ("customers", "0009_access_trail"),
        ("customers", "0010_consents_that_end"),
        ("customers", "0011_tenders_of_purchases"),
        ("customers", "0012_keys_know_they_are_weak"),
    ]

    initial = True

    dependencies = [
        ("company", "0001_initial"),
        ("core", "0002_api_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("name_ru", models.CharField(blank=True, default="", max_length=200)),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=30)),
                ("gender", models.CharField(blank=True, default="", max_length=10)),
                ("birth_year", models.SmallIntegerField(null=True)),
                ("birthday", models.DateField(null=True)),
                ("address", models.CharField(blank=True, default="", max_length=300)),
                ("occupation", models.CharField(blank=True, default="", max_length=100)),
                ("interests", models.JSONField(default=list)),
                ("traits", models.JSONField(default=dict)),
                ("language", models.CharField(blank=True, default="", max_length=10)),
                ("known_since", models.DateTimeField()),
                (
                    "withdrawn_at",
                    models.DateTimeField(
                        help_text="when the import that brought this customer was taken back",
                        null=True,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "home_store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "merged_into",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("merged_into__isnull", False)),
                        fields=["merged_into"],
                        name="customer_by_lead",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector(
                            "name", "name_ru", config="simple"
                        ),
                        name="customer_by_word_of_name",
                    ),
                    models.Index(fields=["email"], name="customer_by_email"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("merged_into", models.F("id")), _negated=True),
                        name="nobody_is_merged_into_oneself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentUpkeep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("is_waiting", models.BooleanField(default=False)),
                ("wakes_at", models.DateTimeField(null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SourceRank",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50, unique=True)),
                ("rank", models.SmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AccessEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=10)),
                ("actor_number", models.BigIntegerField(null=True)),
                ("what", models.CharField(max_length=10)),
                ("place", models.CharField(max_length=100)),
                (
                    "customer_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("everybody", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["customer_ids"], name="access_by_customer"
                    ),
                    models.Index(fields=["actor", "actor_number", "-id"], name="access_by_actor"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("actor__in", ["employee", "program", "person"])),
                        name="an_access_is_of_somebody_we_can_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("what__in", ["saw", "changed", "exported", "revealed", "erased"])
                        ),
                        name="an_access_did_something",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BlockedValue",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=50)),
                ("value", models.CharField(max_length=254)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "value"), name="a_value_is_blocked_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BlockKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "customer",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.BigIntegerField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["key", "customer"], name="block_key_by_key")],
            },
        ),
        migrations.CreateModel(
            name="ConsentText",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=30)),
                ("language", models.CharField(max_length=10)),
                ("version", models.IntegerField()),
                ("text", models.TextField()),
                ("hash", models.CharField(max_length=64)),
                ("needs_new_consent", models.BooleanField(default=False)),
                ("published_at", models.DateTimeField()),
                ("sample", models.BooleanField(default=False)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["hash"], name="consent_text_by_hash")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("purpose", "language", "version"),
                        name="a_version_says_it_once_in_a_language",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("version__gte", 1)), name="versions_count_from_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=150)),
                ("purpose", models.CharField(blank=True, default="", max_length=30)),
                ("channel", models.CharField(blank=True, default="", max_length=30)),
                ("state", models.CharField(max_length=10)),
                ("basis", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                ("valid_until", models.DateTimeField(null=True)),
                ("source", models.CharField(max_length=50)),
                ("language", models.CharField(blank=True, default="", max_length=10)),
                (
                    "covers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("proof", models.JSONField(default=dict)),
                ("recorded_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                ("sample", models.BooleanField(default=False)),
                (
                    "api_key",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.apikey",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
                (
                    "text",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.consenttext",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "id"], name="consent_by_customer"),
                    models.Index(
                        condition=models.Q(("valid_until__isnull", False)),
                        fields=["valid_until"],
                        name="consent_by_end",
                    ),
                    models.Index(
                        condition=models.Q(("work__isnull", False)),
                        fields=["work"],
                        name="consent_by_work",
                    ),
                    models.Index(
                        condition=models.Q(("api_key__isnull", False)),
                        fields=["api_key"],
                        name="consent_by_key",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("voided_at__isnull", True)),
                        fields=("key",),
                        name="a_word_is_recorded_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["given", "refused", "withdrawn", "pending"])
                        ),
                        name="a_word_is_a_yes_or_a_no",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("refused", "withdrawn")),
                            models.Q(
                                models.Q(("purpose", ""), _negated=True),
                                models.Q(("channel", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_yes_names_its_purpose_and_channel",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True),
                            ("valid_until__gt", models.F("at")),
                            _connector="OR",
                        ),
                        name="a_word_ends_after_it_began",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("probability", models.FloatField(default=1.0)),
                ("weight", models.FloatField(default=0.0)),
                ("steps", models.JSONField(default=list)),
                ("model", models.CharField(blank=True, default="", max_length=50)),
                ("source", models.CharField(blank=True, default="", max_length=50)),
                ("at", models.DateTimeField()),
                ("put_off_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "left",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "right",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["right", "left"], name="evidence_by_right"),
                    models.Index(
                        condition=models.Q(("kind", "probable"), ("withdrawn_at__isnull", True)),
                        fields=["-probability", "id"],
                        name="evidence_to_review",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("left", "right", "kind"), name="a_pair_has_one_evidence_of_a_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("left__lt", models.F("right"))),
                        name="evidence_names_two_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("probable", "stated", "cannot_link"))),
                        name="evidence_is_of_a_known_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("value", models.CharField(max_length=254)),
                ("shared", models.CharField(blank=True, db_default="", default="", max_length=20)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer"], name="identity_by_customer"),
                    models.Index(
                        condition=models.Q(("work__isnull", False)),
                        fields=["work"],
                        name="identity_by_work",
                    ),
                    models.Index(
                        condition=models.Q(("shared", ""), _negated=True),
                        fields=["shared", "id"],
                        name="identity_shared",
                    ),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass("value", "text_pattern_ops"),
                        name="identity_by_beginning",
                    ),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Reverse("value"), "text_pattern_ops"
                        ),
                        name="identity_by_ending",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "value"), name="an_identity_has_one_owner"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(blank=True, default="", max_length=50)),
                ("said_at", models.DateTimeField()),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "identity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.identity",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "identity"], name="claim_by_customer"),
                    models.Index(
                        condition=models.Q(("work__isnull", False)),
                        fields=["work"],
                        name="claim_by_work",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("identity", "customer"), name="a_record_claims_an_identity_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdentityLimit",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=50, unique=True)),
                ("people", models.PositiveSmallIntegerField()),
                ("days", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("people__gte", 1)), name="a_limit_allows_somebody"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Merging",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=10)),
                ("reason", models.CharField(max_length=30)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.merging",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "id"], name="merging_by_customer"),
                    models.Index(fields=["lead", "id"], name="merging_by_lead"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "merge"), ("undoes__isnull", True)),
                            models.Q(("kind", "unmerge"), ("undoes__isnull", False)),
                            _connector="OR",
                        ),
                        name="an_entry_merges_or_parts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("customer", models.F("lead")), _negated=True),
                        name="merged_records_are_two",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrivacyRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("state", models.CharField(default="open", max_length=10)),
                ("asked_by", models.CharField(max_length=10)),
                ("verified", models.CharField(blank=True, default="", max_length=200)),
                ("note", models.CharField(blank=True, default="", max_length=1000)),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(default=dict)),
                ("wishes", regulars.core.sealing.SealedJSONField(null=True)),
                ("sought", regulars.core.sealing.SealedJSONField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "done_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "id"], name="privacy_request_by_customer"),
                    models.Index(fields=["state", "due_at"], name="privacy_request_by_clock"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["export", "correction", "restriction", "objection", "erasure"],
                            )
                        ),
                        name="privacy_request_is_of_a_known_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["open", "running", "done", "refused", "failed"])
                        ),
                        name="privacy_request_is_in_a_known_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("asked_by__in", ["person", "employee", "program"])),
                        name="privacy_request_says_who_asked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ("done", "refused")), _negated=True),
                            ("done_at__isnull", False),
                            _connector="OR",
                        ),
                        name="an_ended_privacy_request_has_its_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrivacyFile",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("format", models.CharField(max_length=5)),
                ("content", regulars.core.sealing.SealedBytesField()),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "request",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.privacyrequest",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("request", "kind", "format"),
                        name="a_request_has_one_file_of_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["data", "certificate"])),
                        name="privacy_file_is_of_a_known_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Purchase",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("number", models.CharField(max_length=100)),
                ("bought_at", models.DateTimeField()),
                ("total_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField(default=0)),
                (
                    "tenders",
                    models.JSONField(
                        help_text="what was paid by gift cards and the like, by kind", null=True
                    ),
                ),
                ("fingerprint", models.BinaryField(max_length=16)),
                ("recorded_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "-bought_at"], name="purchase_by_customer"),
                    models.Index(fields=["store", "-bought_at"], name="purchase_by_store"),
                    models.Index(
                        condition=models.Q(("work__isnull", False)),
                        fields=["work"],
                        name="purchase_by_work",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("voided_at__isnull", True)),
                        fields=("source", "number"),
                        name="a_receipt_is_recorded_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("discount_minor__gte", 0), ("total_minor__gte", 0)),
                        name="purchase_amounts_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("position", models.SmallIntegerField()),
                ("quantity_milli", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                ("discount_minor", models.BigIntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.product",
                    ),
                ),
                (
                    "purchase",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.purchase",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("purchase", "position"), name="a_receipt_has_one_line_at_a_position"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 0),
                            ("quantity_milli__gte", 0),
                            ("total_minor__gte", 0),
                        ),
                        name="line_amounts_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Purpose",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=30, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("basis", models.CharField(max_length=30)),
                ("is_refusable", models.BooleanField(default=True)),
                ("confirms_email", models.BooleanField(default=False)),
                ("valid_days", models.IntegerField(null=True)),
                ("is_on", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "basis__in",
                                ["consent", "contract", "legitimate_interest", "legal_duty"],
                            )
                        ),
                        name="a_purpose_has_a_known_legal_basis",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_days__isnull", True), ("valid_days__gte", 1), _connector="OR"
                        ),
                        name="a_yes_holds_for_some_days",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Relation",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                (
                    "identity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.identity",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("household", "device"))),
                        name="a_relation_is_of_a_known_kind",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RelationMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "relation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.relation",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer"], name="relation_member_by_customer")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("relation", "customer"), name="a_relation_has_a_member_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Restriction",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("scope", models.CharField(max_length=10)),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("since", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lift_reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="customers.privacyrequest",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "id"], name="restriction_by_customer")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["all", "marketing"])),
                        name="a_restriction_has_a_known_scope",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("customer", "scope"),
                        name="a_person_is_restricted_once_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Return",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("number", models.CharField(max_length=100)),
                ("returned_at", models.DateTimeField()),
                ("total_minor", models.BigIntegerField()),
                ("reason", models.CharField(blank=True, default="", max_length=200)),
                ("fingerprint", models.BinaryField(max_length=16)),
                ("recorded_at", models.DateTimeField()),
                (
                    "purchase",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.purchase",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["purchase"], name="return_by_purchase")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "number"), name="a_return_is_recorded_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReturnLine",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("quantity_milli", models.BigIntegerField()),
                ("total_minor", models.BigIntegerField()),
                (
                    "goods_return",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.return",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.line",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["line"], name="return_line_by_line")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("goods_return", "line"), name="a_return_names_a_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity_milli__gt", 0), ("total_minor__gte", 0)),
                        name="something_came_back",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=50, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("name_ru", models.CharField(blank=True, default="", max_length=100)),
                ("kind", models.CharField(default="live", max_length=10)),
                ("condition", models.JSONField(default=dict)),
                ("is_on", models.BooleanField(default=True)),
                ("is_ready_made", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("purpose", models.CharField(blank=True, default="", max_length=30)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("counted_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("live", "static"))),
                        name="a_segment_is_live_or_static",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentClock",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_id", models.BigIntegerField(unique=True)),
                ("changes_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["changes_at"], name="segment_clock_by_time")],
            },
        ),
        migrations.CreateModel(
            name="SegmentMember",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entered_at", models.DateTimeField()),
                ("left_at", models.DateTimeField(null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.segment",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "segment"], name="segment_member_by_customer")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("left_at__isnull", True)),
                        fields=("segment", "customer"),
                        name="a_person_is_in_a_segment_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("left_at__isnull", True),
                            ("left_at__gte", models.F("entered_at")),
                            _connector="OR",
                        ),
                        name="nobody_leaves_before_entering",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SegmentTouch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("customer_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("is_waiting", models.BooleanField(default=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_waiting", True)),
                        fields=["id"],
                        name="segment_touch_waiting",
                    ),
                    models.Index(fields=["at"], name="segment_touch_by_time"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceRecord",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("outside_id", models.CharField(max_length=100)),
                ("body", models.JSONField()),
                ("fingerprint", models.CharField(max_length=64)),
                ("received_at", models.DateTimeField()),
                ("said_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "work",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.work",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "id"], name="source_record_by_customer"),
                    models.Index(fields=["work"], name="source_record_by_work"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "outside_id", "fingerprint"),
                        name="a_source_says_the_same_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TimelineEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=50)),
                ("cause", models.CharField(max_length=150)),
                ("body", models.JSONField(default=dict)),
                ("sample", models.BooleanField(default=False)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="company.store",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["customer", "-at"], name="timeline_by_customer")],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "cause"), name="a_cause_is_noted_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("mark", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("request_number", models.BigIntegerField()),
                (
                    "customer_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                (
                    "digests",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), size=None
                    ),
                ),
                ("key_id", models.CharField(max_length=8)),
                ("erased_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["customer_ids"], name="tombstone_by_customer"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("customer_ids__len__gte", 1)),
                        name="a_tombstone_names_a_record",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrackedEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=50)),
                ("message_id", models.CharField(max_length=254)),
                ("type", models.CharField(max_length=10)),
                ("name", models.CharField(blank=True, default="", max_length=254)),
                ("user_id", models.CharField(blank=True, default="", max_length=254)),
                ("anonymous_id", models.CharField(blank=True, default="", max_length=254)),
                ("at", models.DateTimeField()),
                ("original_at", models.DateTimeField(help_text="by the sender's clock", null=True)),
                ("sent_at", models.DateTimeField(help_text="by the sender's clock", null=True)),
                ("received_at", models.DateTimeField()),
                ("properties", models.JSONField(default=dict)),
                ("context", models.JSONField(default=dict)),
                (
                    "is_flawed",
                    models.BooleanField(
                        default=False,
                        help_text="it broke the tracking plan and was let in with a mark",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        help_text="the record the event came in by",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="customers.customer",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["customer", "-at"], name="tracked_event_by_customer"),
                    django.contrib.postgres.indexes.BrinIndex(
                        fields=["received_at"], name="tracked_event_by_arrival"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "message_id"), name="a_message_is_counted_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("type__in", ("identify", "track", "page", "screen", "group", "alias"))
                        ),
                        name="a_tracked_event_is_of_a_known_type",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Comparable",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("traits", models.JSONField()),
                ("due", models.BooleanField(default=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due", True)),
                        fields=["customer"],
                        name="comparable_due",
                    )
                ],
            },
        ),
        migrations.RunSQL(KEPT, FREED),
    ]
