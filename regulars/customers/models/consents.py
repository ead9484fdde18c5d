"""What people agreed to: purposes, the texts they were shown, and every word they said."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from regulars.company.models import Employee, in_language
from regulars.core.models import ApiKey, Record, Work
from regulars.customers.models.people import Customer
from regulars.customers.rules.consents import ANY, BASES, SAID


class Purpose(Record):
    """What the company writes for, and why that is lawful; the product's own work without a row."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    basis = models.CharField(max_length=30)
    is_refusable = models.BooleanField(default=True)
    confirms_email = models.BooleanField(default=False)
    valid_days = models.IntegerField(null=True)
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="a_purpose_has_a_known_legal_basis", condition=Q(basis__in=list(BASES))
            ),
            models.CheckConstraint(
                name="a_yes_holds_for_some_days",
                condition=Q(valid_days__isnull=True) | Q(valid_days__gte=1),
            ),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru)


class ConsentText(Record):
    """The words people agree to, in one language and version; published once, never changed."""

    purpose = models.CharField(max_length=30)
    language = models.CharField(max_length=10)
    version = models.IntegerField()
    text = models.TextField()
    hash = models.CharField(max_length=64)
    needs_new_consent = models.BooleanField(default=False)
    published_at = models.DateTimeField()
    by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_version_says_it_once_in_a_language",
                fields=("purpose", "language", "version"),
            ),
            models.CheckConstraint(name="versions_count_from_one", condition=Q(version__gte=1)),
        )
        indexes = (models.Index(fields=("hash",), name="consent_text_by_hash"),)

    def __str__(self) -> str:
        return self.text[:60]


class Consent(Record):
    """What a person said about a purpose on a channel, and the proof; a fact, never changed.

    An empty purpose or channel means all of them. `covers` names the records that were one person
    when it was said. Who wrote it down: an employee, a program with a key, an import; where all
    are empty, the person. Only the undo of an import takes words off the record (`voided_at`).
    """

    key = models.CharField(max_length=150)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    purpose = models.CharField(max_length=30, default="", blank=True)
    channel = models.CharField(max_length=30, default="", blank=True)
    state = models.CharField(max_length=10)
    basis = models.CharField(max_length=30)
    at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    source = models.CharField(max_length=50)
    language = models.CharField(max_length=10, default="", blank=True)
    text = models.ForeignKey(
        ConsentText, models.PROTECT, null=True, related_name="+", db_index=False
    )
    covers = ArrayField(models.BigIntegerField(), default=list)
    by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+", db_index=False)
    api_key = models.ForeignKey(
        ApiKey, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    work = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+", db_index=False)
    proof = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_word_is_recorded_once",
                fields=("key",),
                condition=Q(voided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_word_is_a_yes_or_a_no", condition=Q(state__in=list(SAID))
            ),
            models.CheckConstraint(
                name="a_yes_names_its_purpose_and_channel",
                condition=Q(state__in=("refused", "withdrawn")) | ~Q(purpose=ANY) & ~Q(channel=ANY),
            ),
            models.CheckConstraint(
                name="a_word_ends_after_it_began",
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("at")),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "id"), name="consent_by_customer"),
            models.Index(
                fields=("valid_until",),
                name="consent_by_end",
                condition=Q(valid_until__isnull=False),
            ),
            models.Index(fields=("work",), name="consent_by_work", condition=Q(work__isnull=False)),
            models.Index(
                fields=("api_key",), name="consent_by_key", condition=Q(api_key__isnull=False)
            ),
        )
