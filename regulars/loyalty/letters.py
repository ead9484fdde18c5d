"""What loyalty writes to members, in their language."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from regulars.channels.actions import OutgoingMessage
from regulars.company.models import in_language
from regulars.loyalty.models import ExpiryReminder
from regulars.web.brand import current_brand

KEY = "loyalty.expiry:"
"""Keys of reminders begin with it and end with the id of the reminder."""


def letter_of(reminder: ExpiryReminder) -> OutgoingMessage:
    """The letter that says how many points expire, and up to which day they can be spent."""
    brand = current_brand()
    member = reminder.account.member
    assert member is not None, "only members' accounts are reminded of"
    language = member.customer.language or brand.language
    language = language if language in ("en", "ru") else "en"
    link = f"{settings.BASE_URL}{reverse('loyalty.card', args=(member.token,))}"
    zone = ZoneInfo(brand.timezone)
    last = localdate(reminder.ends_at - timedelta(microseconds=1), timezone=zone)
    with translation.override(language):
        unit, program = reminder.account.unit, reminder.account.unit.program
        told = {
            "brand": brand.name,
            "amount": reminder.amount,
            "unit": in_language(unit.name, unit.name_ru),
            "program": in_language(program.name, program.name_ru),
            "day": date_format(last, "DATE_FORMAT"),
            "link": link,
        }
        return OutgoingMessage(
            key=f"{KEY}{reminder.pk}",
            purpose="loyalty",
            subject=_("%(brand)s: your points expire soon") % told,
            text=_(
                "%(amount)s on your card of %(program)s (%(unit)s) expire soon, the first of them"
                " after %(day)s. Your card shows what you can spend them on: %(link)s"
            )
            % told,
            link=link,
            customer_id=member.customer_id,
            address=member.customer.email,
            language=language,
        )
