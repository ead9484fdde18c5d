"""Readers of our letters: whom a link reaches, and what they can choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from regulars.channels.kind import reached_by
from regulars.channels.queries.channels import Reader
from regulars.customers.models import Consent, ConsentText, Customer, Identity, Purchase
from regulars.customers.queries import leaders_of, persons_of, purposes, spoken_by
from regulars.customers.queries.consents import current_texts, purpose_names
from regulars.customers.rules.consents import (
    ADDRESS_KINDS,
    CHANNELS,
    Standing,
    allows,
)
from regulars.customers.rules.identities import normal_value

REACHABLE = ("email", "sms", "phone")
"""Channels that are offered to whoever has an address for them."""


@dataclass(frozen=True)
class Option:
    """One purpose on one channel, as it is offered to a reader."""

    purpose: str
    channel: str
    name: str
    text: str
    text_id: int | None
    standing: Standing
    is_on: bool
    can_change: bool

    @property
    def field(self) -> str:
        """The name of its box in the form."""
        return f"{self.purpose}:{self.channel}"


def records_reached(reader: Reader) -> list[int]:
    """The leading records of the people whom a link reaches: the one meant, and whose address it is."""
    kind = ADDRESS_KINDS.get(reached_by(reader.channel), "")
    value = normal_value(kind, reader.address) if kind else None
    owners = Identity.objects.filter(kind=kind, value=value).values_list("customer_id", flat=True)
    ids = {*owners, *([reader.customer_id] if reader.customer_id else [])}
    return sorted(set(leaders_of(ids).values()))


def options_for(reader: Reader, *, language: str, now: datetime) -> list[tuple[str, list[Option]]]:
    """What a reader can choose, by channel: every purpose on each channel that reaches them."""
    whom = records_reached(reader)
    known, names, texts = purposes(), purpose_names(), current_texts()
    spoken = spoken_by(whom)
    found = []
    for channel in _channels_of(whom, reader):
        options = []
        for purpose in known.values():
            if not purpose.is_on or purpose.code == "test":
                continue
            shown = texts.get((purpose.code, language)) or _any_language(texts, purpose.code)
            standing = spoken.standing(whom, (purpose.code, channel), now=now)
            options.append(
                Option(
                    purpose=purpose.code,
                    channel=channel,
                    name=names[purpose.code],
                    text=shown.text if shown else usual_text(purpose.code, channel),
                    text_id=shown.pk if shown else None,
                    standing=standing,
                    is_on=allows(purpose.basis, standing),
                    can_change=purpose.is_refusable and purpose.basis != "legal_duty",
                )
            )
        found.append((_(CHANNELS[channel]), sorted(options, key=lambda one: not one.can_change)))
    return found


def _any_language(texts: dict[tuple[str, str], ConsentText], purpose: str) -> ConsentText | None:
    return next((text for (code, _language), text in texts.items() if code == purpose), None)


def usual_text(purpose: str, channel: str) -> str:
    """What people agree to where the company published no text of its own."""
    texts = {
        "marketing": _("Offers and news that may interest me."),
        "survey": _("Short questions about my visits."),
        "loyalty": _("My points, my tier and what I can get for them."),
        "service": _("What I order or ask for: always, because it belongs to it."),
    }
    return texts.get(purpose, "")


def _channels_of(whom: Sequence[int], reader: Reader) -> list[str]:
    """Channels for which the person has an address, or on which something was said."""
    persons = [record for records in persons_of(whom).values() for record in records]
    kinds = set(
        Identity.objects.filter(customer__in=persons, kind__in=("email", "phone"))
        .values_list("kind", flat=True)
        .distinct()
    )
    told = set(Consent.objects.filter(customer__in=persons).values_list("channel", flat=True))
    reached = {reached_by(reader.channel), *told}
    return [
        channel
        for channel in CHANNELS
        if channel in reached or (channel in REACHABLE and ADDRESS_KINDS.get(channel) in kinds)
    ]


def held_of(reader: Reader) -> list[str]:
    """What we hold of the person whom a link reaches, in short: the kinds of facts, never themselves."""
    whom = records_reached(reader)
    lead = Customer.objects.filter(pk__in=whom).first()
    if lead is None:
        return [_("your address")]
    facts = {
        _("your name"): lead.name,
        _("your e-mail"): lead.email,
        _("your phone"): lead.phone,
        _("your birthday"): lead.birthday or lead.birth_year,
        _("your postal address"): lead.address,
        _("your interests"): lead.interests,
    }
    held = [name for name, value in facts.items() if value]
    persons = [record for records in persons_of(whom).values() for record in records]
    if Purchase.objects.filter(customer__in=persons, voided_at=None).exists():
        held.append(_("your purchases"))
    return held or [_("your address")]
