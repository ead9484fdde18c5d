"""Double opt-in: the letter that asks whether the mailbox is really theirs."""

from collections.abc import Collection
from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from regulars.channels.actions.sending import OutgoingMessage, Sent, send
from regulars.channels.queries.channels import confirmation_url
from regulars.customers.models import Consent, Customer
from regulars.customers.queries import leaders_of
from regulars.web.brand import current_brand


def ask_to_confirm(consent_ids: Collection[int], *, now: datetime) -> list[Sent]:
    """A letter for each yes that waits to be confirmed, once; it goes out as a service message."""
    rows = Consent.objects.filter(pk__in=consent_ids, state="pending", voided_at=None, sample=False)
    waiting = list(rows.select_related("text", "customer").order_by("pk"))
    leaders = leaders_of({one.customer_id for one in waiting})
    people = Customer.objects.in_bulk(list(leaders.values()))
    letters = [_letter(one, people[leaders[one.customer_id]]) for one in waiting]
    return send([letter for letter in letters if letter.address], now=now)


def _letter(asked: Consent, person: Customer) -> OutgoingMessage:
    brand = current_brand()
    wanted = (asked.language or person.language or brand.language)[:2]
    language = wanted if wanted in ("en", "ru") else "en"
    link = confirmation_url(asked.pk)
    with translation.override(language):
        lines = [
            _("Somebody, we hope you, asked us to write to this address."),
            asked.text.text if asked.text else "",
            _("If it was you, confirm it here:"),
            link,
            _("If not, do nothing: then we write nothing."),
            brand.name,
        ]
        return OutgoingMessage(
            key=f"consent:{asked.pk}",
            purpose="service",
            subject=_("%(brand)s: please confirm") % {"brand": brand.name},
            text="\n\n".join(line for line in lines if line),
            link=link,
            customer_id=asked.customer_id,
            address=asked.proof.get("address") or asked.customer.email or person.email,
            language=language,
        )
