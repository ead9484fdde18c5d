"""The door: may we contact this person for this purpose on this channel now?

Whatever leaves the house passes here twice: when it is asked for and when it leaves. Every check
gives its reason; the first that stands against a contact decides. A letter to an employee is no
contact with a customer: it needs no consent and uses up no budget, and may only go by mail to the
address of an account that is in use.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from regulars.channels.kind import address_kind_of, channel_kinds, reached_by
from regulars.channels.models import HeardMessage, KnownAddress, Suppression
from regulars.channels.queries.budgets import (
    BudgetInForce,
    Contacts,
    budget_in_force,
    contacts_since,
    profiles_of,
)
from regulars.channels.queries.channels import default_channel
from regulars.channels.rules import TO_EMPLOYEE, normal_address, reason_for
from regulars.channels.rules.budget import DUPLICATE, Budget, Contact, Decision, decide, normal_id
from regulars.channels.rules.quiet import quiet_until
from regulars.channels.rules.replies import may_reply
from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.customers.models import Identity
from regulars.customers.queries.consents import Spoken, spoken_by
from regulars.customers.queries.privacy import restricted_among
from regulars.customers.rules.consents import Standing, allows
from regulars.customers.rules.identities import normal_value

CLOSED = {"bounce": "undeliverable", "returned": "undeliverable", "complaint": "complained"}

OWN_WORDS = frozenset({"link", "message"})
"""Sources of an opt-out that are the person's own word, which a later yes of theirs outweighs."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A contact somebody wants: whom, for what, by what kind of channel (empty: the usual one).

    `survey`, `same_as` and `is_reminder` are for the contact budget. `message_id` is the message
    that leaves, which does not count against itself. `in_reply_to` is what the person wrote to us,
    where this answers it: a reply needs no consent and uses up no budget.
    """

    purpose: str
    customer_id: int | None = None
    address: str = ""
    channel: str = ""
    survey: str = ""
    same_as: str = ""
    is_reminder: bool = False
    message_id: int = 0
    in_reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the door says: whether, and if not the code and the reason in words.

    `earliest` is the first moment at which the budget would allow it, None where time alone will
    not help. `send_at` is when the message leaves, later than now where a rule moves it.
    """

    allowed: bool
    code: str = ""
    reason: str = ""
    earliest: datetime | None = None
    send_at: datetime | None = None
    rule: str = ""


@dataclass(frozen=True)
class Knowledge:
    """All that verdicts on some contacts depend on, read by a constant number of statements."""

    spoken: Spoken
    owners: Mapping[tuple[str, str], int]
    """The customer that an address points to, by kind of identity and address."""
    suppressed: Mapping[tuple[str, str, str], tuple[datetime, str]]
    heard: Mapping[int, tuple[str, str, datetime]]
    """Channel, address and time of what replies answer."""
    restrictions: Mapping[int, str]
    colleagues: frozenset[str]
    budget: BudgetInForce
    contacts: Contacts
    profiles: Mapping[int, Mapping[str, Any]]
    zone: str

    def reached(self, ask: Ask) -> list[int]:
        """Everybody whom a contact reaches: the customer meant, and whose address it is."""
        owner = self.owners.get(_place(ask))
        return [one for one in dict.fromkeys((ask.customer_id, owner)) if one is not None]

    def standing(self, ask: Ask, *, now: datetime) -> Standing:
        """What they said about it, the strictest of all."""
        pair = (ask.purpose, reached_by(ask.channel))
        return self.spoken.standing(self.reached(ask), pair, now=now)


def may_contact(
    customer_id: int | None, purpose: str, channel: str, now: datetime, *, address: str = ""
) -> Verdict:
    """May we contact this person for this purpose on this channel now? With the reason if not."""
    ask = Ask(purpose, customer_id, address, channel)
    return may_contact_many([ask], now=now)[0]


def may_contact_many(asks: Sequence[Ask], *, now: datetime) -> list[Verdict]:
    """The verdict on each of these, as if it were the only one; a constant number of statements."""
    asks = [_with_channel(ask) for ask in asks]
    known = learn(asks, now=now)
    return [verdict_of(ask, known, now=now) for ask in asks]


def let_out(asks: Sequence[Ask], *, now: datetime) -> list[Verdict]:
    """The verdicts on contacts that are made together: each that is let out counts for the next."""
    known = learn(asks, now=now)
    verdicts = []
    for ask in asks:
        verdict = verdict_of(ask, known, now=now)
        if verdict.allowed:
            contact = replace(_contact(ask, now), at=verdict.send_at or now)
            if ask.in_reply_to is None and ask.purpose != TO_EMPLOYEE:
                known.contacts.add(contact, *_counted_as(ask, known))
        verdicts.append(verdict)
    return verdicts


def _with_channel(ask: Ask) -> Ask:
    return ask if ask.channel else replace(ask, channel=default_channel())


def _place(ask: Ask) -> tuple[str, str]:
    """What an address is known by: a kind of identity, or a channel of its own, and the value."""
    kind = address_kind_of(ask.channel)
    if not kind or not ask.address:
        return f"on:{ask.channel}", ask.address
    return kind, normal_value(kind, ask.address) or ""


def _counted_as(ask: Ask, known: Knowledge) -> tuple[int | None, str]:
    """The record that the budget counts a contact for, and the address."""
    whom = known.reached(ask)
    return (whom[0] if whom else None), normal_address(ask.address)


def learn(asks: Sequence[Ask], *, now: datetime) -> Knowledge:
    """All that the verdicts on these contacts depend on."""
    owners = _owners(asks)
    whom = {ask.customer_id for ask in asks if ask.customer_id is not None} | set(owners.values())
    spoken = spoken_by(whom)
    records = {record for person in spoken.records.values() for record in person}
    addresses = {normal_address(ask.address) for ask in asks} - {""}
    budget = budget_in_force()
    return Knowledge(
        spoken=spoken,
        owners=owners,
        suppressed=_suppressed(addresses),
        heard=_heard(asks),
        restrictions=restricted_among(whom, for_marketing=True),
        colleagues=_colleagues(asks),
        budget=budget,
        contacts=contacts_since(now - budget.longest, customer_ids=records, addresses=addresses),
        profiles=profiles_of(whom) if budget.needs_profiles else {},
        zone=get_brand().timezone if budget.quiet_from else "UTC",
    )


def _owners(asks: Sequence[Ask]) -> dict[tuple[str, str], int]:
    places = {place for ask in asks if (place := _place(ask))[1]}
    pairs = {(kind, value) for kind, value in places if not kind.startswith("on:")}
    rows = Identity.objects.filter(
        kind__in={kind for kind, _ in pairs}, value__in={value for _, value in pairs}
    )
    found = rows.values_list("kind", "value", "customer_id") if pairs else ()
    return {(kind, value): owner for kind, value, owner in found} | _known_owners(places - pairs)


def _known_owners(places: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Whose addresses these are that only a conversation tells of."""
    if not places:
        return {}
    rows = KnownAddress.objects.filter(
        channel__in={kind.removeprefix("on:") for kind, _ in places},
        address__in={address for _, address in places},
    )
    found = rows.values_list("channel", "address", "customer_id")
    return {(f"on:{channel}", address): owner for channel, address, owner in found}


def _heard(asks: Sequence[Ask]) -> dict[int, tuple[str, str, datetime]]:
    wanted = {ask.in_reply_to for ask in asks if ask.in_reply_to is not None}
    if not wanted:
        return {}
    rows = HeardMessage.objects.filter(pk__in=wanted)
    columns = ("pk", "channel", "address", "received_at")
    return {pk: (channel, address, at) for pk, channel, address, at in rows.values_list(*columns)}


def _suppressed(addresses: Collection[str]) -> dict[tuple[str, str, str], tuple[datetime, str]]:
    rows = Suppression.objects.filter(address__in=addresses)
    columns = ("channel", "address", "purpose", "at", "source")
    return {(a, b, c): (at, source) for a, b, c, at, source in rows.values_list(*columns)}


def _colleagues(asks: Sequence[Ask]) -> frozenset[str]:
    """Addresses of employees among those to which a test or a letter to an employee is to go."""
    wanted = {normal_address(ask.address) for ask in asks if ask.purpose in AGAINST} - {""}
    if not wanted:
        return frozenset()
    rows = Employee.objects.filter(email__in=wanted, is_active=True)
    return frozenset(rows.values_list("email", flat=True))


def verdict_of(ask: Ask, known: Knowledge, *, now: datetime) -> Verdict:
    """The verdict on one contact from what is known."""
    stopped = next(objections(ask, known, now=now), None)
    if stopped is not None:
        return stopped
    if ask.in_reply_to is not None or ask.purpose == TO_EMPLOYEE:
        return Verdict(True, send_at=now)
    decision = _decision(ask, known, now=now)
    if decision.decision == "skip":
        return _over_budget(decision, known)
    send_at = _after_quiet_hours(ask, known, at=decision.send_at or now)
    return Verdict(
        True, earliest=decision.earliest, send_at=send_at, rule=decision.blocked_by or ""
    )


def objections(ask: Ask, known: Knowledge, *, now: datetime) -> Iterator[Verdict]:
    """What stands against a contact apart from the budget, in the order in which it is asked."""
    if ask.purpose in AGAINST:
        yield from AGAINST[ask.purpose](ask, known)
        return
    purpose = known.spoken.purposes.get(ask.purpose)
    if purpose is None or not purpose.is_on:
        yield _no("unknown_purpose")
        return
    if not ask.address.strip() and channel_kinds.get(ask.channel).capabilities.needs_address:
        yield _no("no_address")
    if purpose.basis != "legal_duty":
        yield from _restrictions(ask, known, is_offer=purpose.basis == "consent")
    if ask.in_reply_to is not None:
        yield from _against_reply(ask, known, now=now)
        return
    standing = known.standing(ask, now=now)
    if code := _closed_by(ask, known, standing, is_refusable=purpose.is_refusable):
        yield _no(code)
    if not allows(purpose.basis, standing):
        yield _no_consent(standing)


def _against_letter_to_employee(ask: Ask, known: Knowledge) -> Iterator[Verdict]:
    """It is about no customer and answers none, goes by mail, and only to an account's address."""
    address = normal_address(ask.address)
    is_of_us = ask.channel == "email" and address in known.colleagues
    if not is_of_us or ask.customer_id is not None or ask.in_reply_to is not None:
        yield _no("not_an_employee")
    _at, source = known.suppressed.get((ask.channel, address, ""), (None, ""))
    if source in CLOSED:
        yield _no(CLOSED[source])


def _against_test(ask: Ask, known: Knowledge) -> Iterator[Verdict]:
    colleagues = {"", *known.colleagues}
    if ask.customer_id is not None or normal_address(ask.address) not in colleagues:
        yield _no("not_a_test")


AGAINST = {"test": _against_test, TO_EMPLOYEE: _against_letter_to_employee}
"""What stands against a message to colleagues; nobody's consent is asked for it."""


def _restrictions(ask: Ask, known: Knowledge, *, is_offer: bool) -> Iterator[Verdict]:
    """An objection closes the door to what needs a consent, a restriction to all but legal duty."""
    for one in known.reached(ask):
        scope = known.restrictions.get(one)
        if scope == "all" or (scope and is_offer):
            yield _no("restricted")


def _against_reply(ask: Ask, known: Knowledge, *, now: datetime) -> Iterator[Verdict]:
    """A reply goes back to where the message came from, within a day, and not after a stop."""
    address = normal_address(ask.address)
    channel, heard_from, heard_at = known.heard.get(ask.in_reply_to or 0, ("", "", now))
    if (channel, heard_from) != (ask.channel, address):
        yield _no("not_a_reply")
        return
    stopped_at, _source = known.suppressed.get((ask.channel, address, ""), (None, ""))
    if code := may_reply(heard_at=heard_at, opted_out_at=stopped_at, now=now):
        yield _no(code)


def _no(code: str, reason: str = "") -> Verdict:
    return Verdict(False, code, reason or reason_for(code))


def _closed_by(ask: Ask, known: Knowledge, standing: Standing, *, is_refusable: bool) -> str:
    """Why nothing may go to the address; a yes given after its owner's no outweighs that.

    An address from which mail comes back, or complaints, is closed to everything.
    """
    address = normal_address(ask.address)
    for purpose in ("", ask.purpose):
        at, source = known.suppressed.get((ask.channel, address, purpose), (None, ""))
        if at is None:
            continue
        is_own_word = source in OWN_WORDS
        if is_own_word and not is_refusable and not purpose:
            continue
        since = standing.word.at if standing.state == "given" and standing.word else None
        if not is_own_word or since is None or since <= at:
            return CLOSED.get(source, "opted_out")
    return ""


CODES = {
    "withdrawn": "opted_out",
    "refused": "opted_out",
    "pending": "not_confirmed",
    "expired": "consent_expired",
    "outdated": "consent_outdated",
    "unknown": "no_consent",
}


def _no_consent(standing: Standing) -> Verdict:
    code = CODES[standing.state]
    day = standing.word.at.date().isoformat() if standing.word else ""
    reason = reason_for(code)
    return _no(code, f"{reason} ({day})" if day else reason)


def _contact(ask: Ask, now: datetime) -> Contact:
    return Contact(
        now, ask.purpose, reached_by(ask.channel), ask.survey, ask.same_as, ask.is_reminder
    )


def _decision(ask: Ask, known: Knowledge, *, now: datetime) -> Decision:
    return decide(_contact(ask, now), budget_of(ask, known, now=now))


def budget_of(ask: Ask, known: Knowledge, *, now: datetime) -> Budget:
    """The rules for whoever a contact is with, and the contacts they had, over all records."""
    if ask.purpose == "test":
        return Budget(())
    customer_id, address = _counted_as(ask, known)
    records = known.spoken.records.get(customer_id, (customer_id,)) if customer_id else ()
    profile = known.profiles.get(customer_id or 0, {})
    names = {normal_id(str(one)) for one in records}
    return Budget(
        known.budget.rules_for(profile, now=now),
        known.contacts.of(records, address, but=ask.message_id),
        known.budget.duplicate_window,
        is_unlimited=bool(names & known.budget.whitelist),
    )


def _over_budget(decision: Decision, known: Knowledge) -> Verdict:
    if decision.blocked_by == DUPLICATE:
        return replace(_no("same_message"), earliest=decision.earliest, rule=DUPLICATE)
    row = next(one for one in known.budget.rules if one.rule.id == decision.blocked_by)
    reason = _("Asked enough: %(rule)s.") % {"rule": row.name}
    if decision.earliest is not None:
        day = decision.earliest.date().isoformat()
        reason = f"{reason} {_('Free again on %(day)s.') % {'day': day}}"
    return Verdict(
        False, "asked_enough", reason, earliest=decision.earliest, rule=decision.blocked_by or ""
    )


def _after_quiet_hours(ask: Ask, known: Knowledge, *, at: datetime) -> datetime:
    """The same moment, or the end of the quiet hours where the person lives."""
    purpose = known.spoken.purposes[ask.purpose]
    budget = known.budget
    if budget.quiet_from is None or budget.quiet_until is None or not purpose.is_refusable:
        return at
    profile = known.profiles.get(ask.customer_id or 0, {})
    zone = ZoneInfo(profile.get("zone") or known.zone)
    return quiet_until(at, since=budget.quiet_from, until=budget.quiet_until, zone=zone)
