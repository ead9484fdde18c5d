"""Why may or may not this person be contacted: each check, each consent and each rule, with dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from regulars.channels.kind import channel_kinds, reached_by
from regulars.channels.queries.door import Ask, Knowledge, Verdict, budget_of, learn, verdict_of
from regulars.channels.rules.budget import Contact
from regulars.customers.models import Customer
from regulars.customers.queries import leaders_of
from regulars.customers.rules.consents import BASES, STATES, Standing


@dataclass(frozen=True)
class RuleSeen:
    """A rule of the budget as it stands for one contact: how much is used, and until when."""

    code: str
    name: str
    used: int
    max: int
    ends_at: datetime | None
    is_exceeded: bool


@dataclass(frozen=True)
class Explained:
    """The verdict on one contact, and all it rests on."""

    purpose: str
    channel: str
    verdict: Verdict
    basis: str
    standing: Standing
    rules: tuple[RuleSeen, ...]
    needs_address: bool

    @property
    def basis_name(self) -> str:
        """The legal basis in the reader's language."""
        return _(BASES[self.basis])

    @property
    def state_name(self) -> str:
        """What the person said, in the reader's language."""
        return _(STATES[self.standing.state])


def explain(
    customer_id: int, *, now: datetime, purposes: Sequence[str] = (), channels: Sequence[str] = ()
) -> list[Explained]:
    """Why a person may or may not be contacted, for each purpose and kind of channel.

    A constant number of statements, whatever the number of purposes and channels.
    """
    lead = Customer.objects.get(pk=leaders_of([customer_id])[customer_id])
    kinds = list(channels) or _kinds()
    probe = [Ask("service", customer_id, _address(lead, kind), kind) for kind in kinds]
    known = learn(probe, now=now)
    wanted = list(purposes) or [
        code for code, one in known.spoken.purposes.items() if one.is_on and code != "test"
    ]
    return [
        _explained(Ask(purpose, ask.customer_id, ask.address, ask.channel), known, now=now)
        for ask in probe
        for purpose in wanted
        if purpose in known.spoken.purposes
    ]


def _kinds() -> list[str]:
    """One kind for each way to reach people; the outbox only where nothing else reaches by mail."""
    by_way: dict[str, str] = {}
    for kind in channel_kinds.kinds():
        if kind == reached_by(kind) or reached_by(kind) not in by_way:
            by_way[reached_by(kind)] = kind
    return list(by_way.values())


def _address(customer: Customer, kind: str) -> str:
    return customer.email if reached_by(kind) == "email" else customer.phone


def _explained(ask: Ask, known: Knowledge, *, now: datetime) -> Explained:
    purpose = known.spoken.purposes[ask.purpose]
    return Explained(
        purpose=ask.purpose,
        channel=ask.channel,
        verdict=verdict_of(ask, known, now=now),
        basis=purpose.basis,
        standing=known.standing(ask, now=now),
        rules=_rules(ask, known, now=now),
        needs_address=not ask.address,
    )


def _rules(ask: Ask, known: Knowledge, *, now: datetime) -> tuple[RuleSeen, ...]:
    budget = budget_of(ask, known, now=now)
    names = {one.rule.id: one.name for one in known.budget.rules}
    wanted = Contact(now, ask.purpose, reached_by(ask.channel))
    seen = []
    for rule in budget.rules:
        if not rule.is_about(wanted):
            continue
        ends = sorted(
            one.at + rule.window
            for one in budget.history
            if rule.is_about(one) and one.at <= now < one.at + rule.window
        )
        seen.append(
            RuleSeen(
                rule.id,
                names[rule.id],
                len(ends),
                rule.max,
                ends[0] if ends else None,
                is_exceeded=len(ends) >= rule.max and not budget.is_unlimited,
            )
        )
    return tuple(seen)
