"""What loyalty writes to members, in their language."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from regulars.channels.actions import OutgoingMessage
from regulars.company.models import in_language
from regulars.loyalty.measures import amount_of_unit, measured
from regulars.loyalty.models import ExpiryReminder, FallWarning, Member, Seat
from regulars.loyalty.rules.cards import grouped
from regulars.web.brand import current_brand

KEY = "loyalty.expiry:"
"""Keys of reminders begin with it and end with the id of the reminder."""

FALL_KEY = "loyalty.fall:"
"""Keys of warnings before a tier falls begin with it and end with the id of the warning."""

INVITATION_KEY = "loyalty.invitation:"
"""Keys of invitations into a household begin with it and end with the id of the seat."""

Words = tuple[str, str]
"""The subject and the text of a letter."""


def letter_of(reminder: ExpiryReminder) -> OutgoingMessage:
    """The letter that says how many points expire, and up to which day they can be spent."""
    unit, member = reminder.account.unit, reminder.account.member
    assert member is not None, "only members' accounts are reminded of"

    def words(told: dict[str, str]) -> Words:
        told |= {
            "amount": amount_of_unit(reminder.amount, unit),
            "day": _last_day(reminder.ends_at),
        }
        return _("%(brand)s: your points expire soon") % told, _(
            "%(amount)s on your card of %(program)s will expire soon, the first of them"
            " after %(day)s. Your card shows what you can spend them on: %(link)s"
        ) % told

    return _letter(member, f"{KEY}{reminder.pk}", words)


def letter_of_fall(warning: FallWarning, basis: str) -> OutgoingMessage:
    """The letter that says what is missing to keep a tier, and until which day there is time.

    `basis` is what leads up the ladder, see `LadderRules`.
    """
    tier, after, member = warning.tier, warning.after, warning.member

    def words(told: dict[str, str]) -> Words:
        told |= {
            "amount": measured(basis, warning.missing, member.program.currency),
            "tier": in_language(tier.name, tier.name_ru),
            "after": in_language(after.name, after.name_ru) if after else _("no tier"),
            "day": _last_day(warning.keep_by),
        }
        subject = _("%(brand)s: keep your tier %(tier)s") % told
        if not warning.missing:
            return subject, _(
                "You have the tier %(tier)s of %(program)s until %(day)s; then it will be:"
                " %(after)s. Your card: %(link)s"
            ) % told
        return subject, _(
            "%(amount)s until %(day)s to keep the tier %(tier)s of %(program)s; otherwise it will"
            " be: %(after)s. Your card shows where you stand: %(link)s"
        ) % told

    return _letter(member, f"{FALL_KEY}{warning.pk}", words)


def letter_of_invitation(seat: Seat) -> OutgoingMessage:
    """The letter that says who invites a member to share points, and where to answer."""
    head = seat.household.head

    def words(told: dict[str, str]) -> Words:
        told |= {"head": head.customer.name or grouped(head.number)}
        return _("%(brand)s: an invitation to share points") % told, _(
            "%(head)s invites you to share the points of %(program)s in a household. What that"
            " means stands on your card, where you accept or decline: %(link)s"
        ) % told

    key = f"{INVITATION_KEY}{seat.pk}"
    return _letter(seat.member, key, words, page="loyalty.card_household")


def _letter(
    member: Member,
    key: str,
    words: Callable[[dict[str, str]], Words],
    *,
    page: str = "loyalty.card",
) -> OutgoingMessage:
    """A letter to a member, who is called to his or her card; the words are said in their language."""
    brand = current_brand()
    language = member.customer.language or brand.language
    language = language if language in ("en", "ru") else "en"
    link = f"{settings.BASE_URL}{reverse(page, args=(member.token,))}"
    with translation.override(language):
        program = in_language(member.program.name, member.program.name_ru)
        subject, text = words({"brand": brand.name, "program": program, "link": link})
    return OutgoingMessage(
        key=key,
        purpose="loyalty",
        subject=subject,
        text=text,
        link=link,
        customer_id=member.customer_id,
        address=member.customer.email,
        language=language,
    )


def _last_day(end: datetime) -> str:
    """The last whole day before a moment, in the company's zone and the language of the letter."""
    zone = ZoneInfo(current_brand().timezone)
    return date_format(localdate(end - timedelta(microseconds=1), timezone=zone), "DATE_FORMAT")
