"""The contact budget in force: the company's rules, and who was contacted when."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from regulars.channels.kind import reached_by
from regulars.channels.models import ContactPolicy, ContactRule, Message
from regulars.channels.rules import COUNTED, DEFAULT_RULES, DUPLICATE_WINDOW, TO_EMPLOYEE
from regulars.channels.rules.budget import Contact, Rule, duration, normal_id, rule_from
from regulars.core.conditions.evaluation import holds
from regulars.core.conditions.fields import Field, catalogue
from regulars.core.conditions.reading import parse
from regulars.core.conditions.tree import Condition
from regulars.customers.models import Customer

SUBJECT = "contact"
catalogue(SUBJECT).add(
    Field("language", "text", _("Language")),
    Field("gender", "text", _("Gender")),
    Field("birth_year", "integer", _("Year of birth")),
    Field("home_store", "text", _("Code of the usual store")),
    Field("known_since", "datetime", _("Known since")),
)


@dataclass(frozen=True)
class InForce:
    """A rule in force, its row if the company has one, and whom it concerns (None: everybody)."""

    rule: Rule
    name: str
    condition: Condition | None = None


@dataclass(frozen=True)
class BudgetInForce:
    """All rules in their order, and what goes for all of them."""

    rules: tuple[InForce, ...] = ()
    duplicate_window: timedelta = timedelta()
    whitelist: frozenset[str] = frozenset()
    quiet_from: time | None = None
    quiet_until: time | None = None

    @property
    def needs_profiles(self) -> bool:
        """Whether a decision looks at who the customer is."""
        return self.quiet_from is not None or any(one.condition for one in self.rules)

    @property
    def longest(self) -> timedelta:
        """How far back contacts matter."""
        spans = [one.rule.window for one in self.rules]
        return max([self.duplicate_window, *spans])

    def rules_for(self, profile: Mapping[str, Any], *, now: datetime) -> tuple[Rule, ...]:
        """The rules that concern a person."""
        return tuple(
            one.rule
            for one in self.rules
            if one.condition is None or holds(one.condition, profile, now=now)
        )


def contact_rules() -> list[ContactRule]:
    """Every rule in its order, those that are off too; the product's own where the company has none."""
    own = {rule.code: rule for rule in ContactRule.objects.all()}
    usual = [ContactRule(**told) for told in DEFAULT_RULES if told["code"] not in own]
    return sorted([*own.values(), *usual], key=lambda rule: (rule.position, rule.code))


def contact_policy() -> ContactPolicy:
    """What goes for all rules; the product's own where the company said nothing."""
    return ContactPolicy.objects.first() or ContactPolicy(duplicate_window=DUPLICATE_WINDOW)


def budget_in_force() -> BudgetInForce:
    """The budget as it is now. Two statements."""
    policy = contact_policy()
    return BudgetInForce(
        tuple(in_force(rule) for rule in contact_rules() if rule.is_on),
        duration(policy.duplicate_window) if policy.duplicate_window else timedelta(),
        frozenset(normal_id(one) for one in policy.whitelist),
        policy.quiet_from,
        policy.quiet_until,
    )


def in_force(row: ContactRule) -> InForce:
    """A row as a rule; `Refused` names the field that will not do."""
    told = {
        "id": row.code,
        "scope": row.scope,
        "max": row.max,
        "window": row.window,
        "on_excess": row.on_excess,
        "delay": row.delay,
        "reminders": row.reminders,
        "spared": row.spared,
    }
    condition = parse(row.condition, catalogue(SUBJECT)) if row.condition else None
    return InForce(rule_from(told), str(row), condition)


@dataclass
class Contacts:
    """Contacts of the last while, by customer record, and by address where nobody is known."""

    by_customer: dict[int, list[tuple[int, Contact]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    by_address: dict[str, list[tuple[int, Contact]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def of(self, records: Collection[int], address: str, *, but: int = 0) -> list[Contact]:
        """Contacts with all records of a person and an address, without one message."""
        found: dict[int, Contact] = {}
        for rows in (*(self.by_customer[one] for one in records), self.by_address[address]):
            found |= {id(contact): contact for message_id, contact in rows if message_id != but}
        return list(found.values())

    def add(
        self, contact: Contact, customer_id: int | None, address: str, *, id_: int = -1
    ) -> None:
        """Count one more."""
        if customer_id is not None:
            self.by_customer[customer_id].append((id_, contact))
        elif address:
            self.by_address[address].append((id_, contact))


def contacts_since(
    since: datetime, *, customer_ids: Collection[int], addresses: Collection[str]
) -> Contacts:
    """Messages that were let out to these records and addresses after a moment. One statement.

    Replies are no contacts: the person made that one. Nor is what a customer who works here too is
    written as an employee.
    """
    rows = Message.objects.filter(
        Q(customer_id__in=customer_ids)
        | Q(customer_id__isnull=True, address__in=set(addresses) - {""}),
        state__in=COUNTED,
        contact_at__gt=since,
        in_reply_to=None,
    ).exclude(purpose=TO_EMPLOYEE)
    found = Contacts()
    columns = ("id", "customer_id", "address", "contact_at", "purpose", "channel", "survey")
    for id_, customer_id, address, at, purpose, channel, *told in rows.values_list(
        *columns, "same_as", "is_reminder"
    ):
        contact = Contact(at, purpose, reached_by(channel), *told)
        found.add(contact, customer_id, address, id_=id_)
    return found


def profiles_of(customer_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """What conditions may test of these people, with the zone of their usual store."""
    columns = ("pk", "language", "gender", "birth_year", "home_store__code", "known_since")
    rows = Customer.objects.filter(pk__in=customer_ids)
    return {
        pk: {
            "language": language or None,
            "gender": gender or None,
            "birth_year": birth_year,
            "home_store": store,
            "known_since": known_since,
            "zone": zone or "",
        }
        for pk, language, gender, birth_year, store, known_since, zone in rows.values_list(
            *columns, "home_store__timezone"
        )
    }
