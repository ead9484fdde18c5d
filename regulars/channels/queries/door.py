"""The door: may we contact this person for this purpose on this channel now?

Whatever leaves the house passes here twice: when it is asked for and when it leaves. Every check
gives its reason; the first that stands against a contact decides.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from regulars.channels.kind import channel_kinds, reached_by
from regulars.channels.models import Suppression
from regulars.channels.queries.budgets import (
    BudgetInForce,
    Contacts,
    budget_in_force,
    contacts_since,
    profiles_of,
)
from regulars.channels.queries.channels import default_channel
from regulars.channels.rules import normal_address, reason_for
from regulars.channels.rules.budget import DUPLICATE, Budget, Contact, Decision, decide, normal_id
from regulars.channels.rules.quiet import quiet_until
from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.customers.models import Identity
from regulars.customers.queries.consents import Spoken, spoken_by
from regulars.customers.queries.privacy import restricted_among
from regulars.customers.rules.consents import ADDRESS_KINDS, Standing, allows
from regulars.customers.rules.identities import normal_value


@dataclass(frozen=True, slots=True)
class Ask:
    """A contact somebody wants: whom, for what, by what kind of channel (empty: the usual one).

    `survey`, `same_as` and `is_reminder` are for the contact budget. `message_id` is the message
    that leaves, which does not count against itself.
    """

    purpose: str
    customer_id: int | None = None
    address: str = ""
    channel: str = ""
    survey: str = ""
    same_as: str = ""
    is_reminder: bool = False
    message_id: int = 0


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
    restrictions: Mapping[int, str]
    colleagues: frozenset[str]
    budget: BudgetInForce
    contacts: Contacts
    profiles: Mapping[int, Mapping[str, Any]]
    zone: str

    def reached(self, ask: Ask) -> list[int]:
        """Everybody whom a contact reaches: the customer meant, and whose address it is."""
        kind = ADDRESS_KINDS.get(reached_by(ask.channel), "")
        owner = self.owners.get((kind, _address(ask, kind)))
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
            known.contacts.add(contact, *_counted_as(ask, known))
        verdicts.append(verdict)
    return verdicts


def _with_channel(ask: Ask) -> Ask:
    return ask if ask.channel else replace(ask, channel=default_channel())


def _address(ask: Ask, kind: str) -> str:
    return normal_value(kind, ask.address) or "" if kind and ask.address else ""


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
        restrictions=restricted_among(whom, for_marketing=True),
        colleagues=_colleagues(asks),
        budget=budget,
        contacts=contacts_since(now - budget.longest, customer_ids=records, addresses=addresses),
        profiles=profiles_of(whom) if budget.needs_profiles else {},
        zone=get_brand().timezone if budget.quiet_from else "UTC",
    )


def _owners(asks: Sequence[Ask]) -> dict[tuple[str, str], int]:
    pairs = set()
    for ask in asks:
        kind = ADDRESS_KINDS.get(reached_by(ask.channel), "")
        if value := _address(ask, kind):
            pairs.add((kind, value))
    rows = Identity.objects.filter(
        kind__in={kind for kind, _ in pairs}, value__in={value for _, value in pairs}
    )
    found = rows.values_list("kind", "value", "customer_id")
    return {(kind, value): owner for kind, value, owner in found} if pairs else {}


def _suppressed(addresses: Collection[str]) -> dict[tuple[str, str, str], tuple[datetime, str]]:
    rows = Suppression.objects.filter(address__in=addresses)
    columns = ("channel", "address", "purpose", "at", "source")
    return {(a, b, c): (at, source) for a, b, c, at, source in rows.values_list(*columns)}


def _colleagues(asks: Sequence[Ask]) -> frozenset[str]:
    """Addresses of employees among those to which a test is to go."""
    wanted = {normal_address(ask.address) for ask in asks if ask.purpose == "test"} - {""}
    if not wanted:
        return frozenset()
    rows = Employee.objects.filter(email__in=wanted, is_active=True)
    return frozenset(rows.values_list("email", flat=True))


def verdict_of(ask: Ask, known: Knowledge, *, now: datetime) -> Verdict:
    """The verdict on one contact from what is known."""
    stopped = next(objections(ask, known, now=now), None)
    if stopped is not None:
        return stopped
    decision = _decision(ask, known, now=now)
    if decision.decision == "skip":
        return _over_budget(decision, known)
    send_at = _after_quiet_hours(ask, known, at=decision.send_at or now)
    return Verdict(
        True, earliest=decision.earliest, send_at=send_at, rule=decision.blocked_by or ""
    )


def objections(ask: Ask, known: Knowledge, *, now: datetime) -> Iterator[Verdict]:
    """What stands against a contact apart from the budget, in the order in which it is asked."""
    purpose = known.spoken.purposes.get(ask.purpose)
    if purpose is None or not purpose.is_on:
        yield _no("unknown_purpose")
        return
    if ask.purpose == "test":
        colleagues = {"", *known.colleagues}
        if ask.customer_id is not None or normal_address(ask.address) not in colleagues:
            yield _no("not_a_test")
        return
    if not ask.address.strip() and channel_kinds.get(ask.channel).capabilities.needs_address:
        yield _no("no_address")
    if purpose.basis != "legal_duty":
        yield from _restrictions(ask, known, is_offer=purpose.basis == "consent")
    standing = known.standing(ask, now=now)
    if _is_suppressed(ask, known, standing, is_refusable=purpose.is_refusable):
        yield _no("opted_out")
    if not allows(purpose.basis, standing):
        yield _no_consent(standing)


def _restrictions(ask: Ask, known: Knowledge, *, is_offer: bool) -> Iterator[Verdict]:
    """An objection closes the door to what needs a consent, a restriction to all but legal duty."""
    for one in known.reached(ask):
        scope = known.restrictions.get(one)
        if scope == "all" or (scope and is_offer):
            yield _no("restricted")


def _no(code: str, reason: str = "") -> Verdict:
    return Verdict(False, code, reason or reason_for(code))


def _is_suppressed(ask: Ask, known: Knowledge, standing: Standing, *, is_refusable: bool) -> bool:
    """Whether the owner of the address wants nothing; a yes given after that outweighs it."""
    address = normal_address(ask.address)
    for purpose in ("", ask.purpose):
        at, source = known.suppressed.get((ask.channel, address, purpose), (None, ""))
        if at is None:
            continue
        if source == "link" and not is_refusable and not purpose:
            continue
        since = standing.word.at if standing.state == "given" and standing.word else None
        if source != "link" or since is None or since <= at:
            return True
    return False


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
