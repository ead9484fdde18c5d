"""Messages, the channels they leave by, and who does not want them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext

from regulars.channels.rules import MAIL_KINDS, STATES, TO_EMPLOYEE
from regulars.company.models import Employee, in_language
from regulars.core.models import Record
from regulars.core.sealing import SealedJSONField
from regulars.customers.models import Customer


class Channel(Record):
    """The settings of one kind of channel, sealed; kinds without a row work with their defaults."""

    kind = models.CharField(max_length=30, unique=True)
    settings = SealedJSONField(default=dict)
    is_on = models.BooleanField(default=True)


class LineState(Record):
    """How the line of a channel is: kept by a worker that was seen lately, or what keeps it down.

    `unconfirmed` are marks of what came in and may be brought again after the line broke.
    """

    channel = models.CharField(max_length=30, unique=True)
    is_up = models.BooleanField(default=False)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    problem = models.CharField(max_length=300, default="", blank=True)
    unconfirmed = models.JSONField(default=list)


class HeardMessage(Record):
    """One message that a person sent us; untrusted words from an address that a provider vouches for."""

    channel = models.CharField(max_length=30)
    key = models.CharField(max_length=150, help_text="the provider's name for it")
    address = models.CharField(max_length=254)
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    text = models.TextField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_message_is_heard_once", fields=("channel", "key")),
        )
        indexes = (
            models.Index(fields=("channel", "address", "-id"), name="heard_by_address"),
            models.Index(fields=("customer",), name="heard_by_customer"),
        )


class HeardPart(Record):
    """A part of a long text that waits for the others, as UTF-16; it goes when they are together."""

    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=254)
    reference = models.IntegerField()
    total = models.SmallIntegerField()
    number = models.SmallIntegerField()
    content = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_part_is_heard_once",
                fields=("channel", "address", "reference", "total", "number"),
            ),
        )


class KnownAddress(Record):
    """An address that a person showed to be theirs by opening a conversation with a secret of ours."""

    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_address_belongs_to_one_customer", fields=("channel", "address")
            ),
        )


class Message(Record):
    """One message to one person: what it says, where it goes, and how far it has come."""

    key = models.CharField(max_length=150)
    channel = models.CharField(max_length=30)
    purpose = models.CharField(max_length=30)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, related_name="+", db_index=False
    )
    address = models.CharField(max_length=254, default="", blank=True)
    subject = models.CharField(max_length=200, default="", blank=True)
    text = models.TextField()
    html = models.TextField(default="", blank=True)
    link = models.CharField(max_length=500, default="", blank=True)
    language = models.CharField(max_length=10, default="en")
    state = models.CharField(max_length=10, default="waiting")
    reason = models.CharField(max_length=30, default="", blank=True)
    failure = models.TextField(default="", blank=True)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    contact_at = models.DateTimeField(help_text="as of when the contact budget counts it")
    survey = models.CharField(max_length=60, default="", blank=True)
    same_as = models.CharField(max_length=150, default="", blank=True)
    is_reminder = models.BooleanField(default=False)
    buttons = models.JSONField(default=list, blank=True)
    in_reply_to = models.ForeignKey(
        HeardMessage, models.PROTECT, null=True, related_name="+", db_index=False
    )
    outside_id = models.CharField(max_length=150, default="", blank=True)
    delivered_at = models.DateTimeField(null=True)
    sample = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_message_is_written_once", fields=("key",)),
            models.CheckConstraint(
                name="message_is_in_a_known_state", condition=Q(state__in=list(STATES))
            ),
            models.CheckConstraint(
                name="a_sent_message_has_its_time",
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_letter_to_an_employee_is_about_no_customer",
                condition=~Q(purpose=TO_EMPLOYEE) | Q(customer__isnull=True),
            ),
        )
        indexes = (
            models.Index(fields=("customer", "purpose", "-created_at"), name="message_by_customer"),
            models.Index(fields=("address", "purpose", "-created_at"), name="message_by_address"),
            models.Index(
                fields=("due_at",),
                name="message_due",
                condition=Q(state__in=("waiting", "sending")),
            ),
            models.Index(fields=("state", "-id"), name="message_by_state"),
            models.Index(
                fields=("channel", "outside_id"),
                name="message_by_outside_id",
                condition=~Q(outside_id=""),
            ),
        )

    def __str__(self) -> str:
        return self.subject or self.text[:60]


class UnwantedLetter(Record):
    """Letters about one topic that an employee does not want."""

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=30)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_employee_declines_a_topic_once", fields=("employee", "topic")
            ),
        )


class MessagePart(Record):
    """A part of a message that left in several, and what the provider reported of it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="+")
    channel = models.CharField(max_length=30)
    outside_id = models.CharField(max_length=150)
    outcome = models.CharField(max_length=10, default="", blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_part_has_one_name", fields=("channel", "outside_id", "message")
            ),
        )


class Suppression(Record):
    """An address whose owner wants no more messages there; with a purpose, none of that purpose."""

    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=254)
    purpose = models.CharField(max_length=30, default="", blank=True)
    source = models.CharField(max_length=30, default="link")
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="an_address_opts_out_once", fields=("channel", "address", "purpose")
            ),
        )


class ContactRule(Record):
    """A rule of the contact budget; see `rules.budget.Rule`. The condition says whom it concerns."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    name_ru = models.CharField(max_length=100, default="", blank=True)
    position = models.SmallIntegerField(default=100)
    scope = models.CharField(max_length=80, default="all")
    max = models.SmallIntegerField()
    window = models.CharField(max_length=20)
    on_excess = models.CharField(max_length=10, default="skip")
    delay = models.CharField(max_length=20, default="", blank=True)
    reminders = models.CharField(max_length=10, default="exempt")
    spared = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    condition = models.JSONField(null=True, blank=True)
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.CheckConstraint(name="a_contact_rule_counts_contacts", condition=Q(max__gte=0)),
            models.CheckConstraint(
                name="over_the_limit_is_dropped_or_moved",
                condition=Q(on_excess="skip") | Q(on_excess="delay") & ~Q(delay=""),
            ),
        )

    def __str__(self) -> str:
        return in_language(self.name, self.name_ru) if self.pk else gettext(self.name)


class ContactPolicy(Record):
    """What goes for all rules of the contact budget: one row, or none for the product's own."""

    duplicate_window = models.CharField(max_length=20, default="", blank=True)
    whitelist = ArrayField(models.CharField(max_length=254), default=list, blank=True)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="quiet_hours_begin_and_end",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
            ),
        )


class Mailbox(Record):
    """How far a channel's mailbox was read: all mails up to a number, in an epoch of the server's."""

    channel = models.CharField(max_length=30, unique=True)
    epoch = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    read_at = models.DateTimeField()
    problem = models.CharField(max_length=300, default="", blank=True)


class MailReport(Record):
    """One mail that came back, what it says of which address, and what was done about it."""

    channel = models.CharField(max_length=30)
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of the mail; makes a repeat harmless"
    )
    epoch = models.BigIntegerField()
    uid = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=20, default="", blank=True)
    words = models.CharField(max_length=300, default="", blank=True)
    address = models.CharField(max_length=254, default="", blank=True)
    message = models.ForeignKey(
        Message, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    effect = models.CharField(max_length=10, default="none")
    counts = models.BooleanField(
        default=True, help_text="no more once the address was opened again"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(name="a_report_is_taken_once", fields=("channel", "digest")),
            models.CheckConstraint(
                name="mail_report_is_of_a_known_kind", condition=Q(kind__in=list(MAIL_KINDS))
            ),
        )
        indexes = (
            models.Index(fields=("address", "-at"), name="mail_report_by_address"),
            models.Index(
                fields=("message",),
                name="mail_report_by_message",
                condition=Q(message__isnull=False),
            ),
        )
