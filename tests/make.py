"""Typed makers of what tests need; each gives a saved object, complete with all it depends on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count

from django.db import transaction

from regulars.channels.actions import OutgoingMessage, send
from regulars.channels.models import Message
from regulars.company.models import Category, Employee, Product, Store
from regulars.core.events import publish
from regulars.customers.actions import (
    CustomerRef,
    LineInput,
    ProfileInput,
    PurchaseInput,
    Recorded,
    learn_customers,
    record_purchases,
    resolve_customers,
)
from regulars.customers.events import CustomersMerged, CustomersUnmerged
from regulars.customers.models import Customer, Evidence, Identity, Merging
from regulars.customers.queries import leaders_of, persons_of
from regulars.journey.actions import ensure_defaults
from regulars.journey.models import Touchpoint
from regulars.loyalty.actions import (
    ProgramInput,
    RuleInput,
    TierInput,
    UnitInput,
    enrol_members,
    open_program,
    take_purchases,
)
from regulars.loyalty.models import Member, Program

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The moment at which tests happen, a Monday."""

_numbers = count(1)


def store(code: str = "", *, name: str = "", kind: str = "shop") -> Store:
    """A store of that code."""
    code = code or f"S{next(_numbers)}"
    return Store.objects.create(code=code, name=name or f"Store {code}", kind=kind)


def category(path: str) -> Category:
    """The category at a path such as `Food/Dairy`, with all branches above it."""
    parent: Category | None = None
    names = path.split("/")
    for depth, name in enumerate(names, 1):
        parent, _ = Category.objects.get_or_create(
            path="/".join(names[:depth]), defaults={"name": name, "parent": parent}
        )
    assert parent is not None
    return parent


def product(sku: str = "", *, category_path: str = "", name: str = "", maker: str = "") -> Product:
    """A product, on a branch of the category tree where a path is given."""
    sku = sku or f"P{next(_numbers)}"
    return Product.objects.create(
        sku=sku,
        name=name or f"Product {sku}",
        maker=maker,
        category=category(category_path) if category_path else None,
    )


def customer(name: str = "", *, card: str = "", email: str = "", phone: str = "") -> Customer:
    """A customer with an identity for each contact that is given."""
    made = Customer.objects.create(name=name, email=email, phone=phone, known_since=NOW)
    for kind, value in (("card", card), ("email", email), ("phone", phone)):
        if value:
            Identity.objects.create(kind=kind, value=value, customer=made)
    return made


def owner_of(kind: str, value: str) -> Customer:
    """The record that an identity points to."""
    return Customer.objects.get(pk=Identity.objects.get(kind=kind, value=value).customer_id)


@transaction.atomic
def merged(lead: Customer, *others: Customer, now: datetime = NOW) -> list[int]:
    """These records are one person from now on; gives the ids of the entries."""
    into = leaders_of([lead.pk])[lead.pk]
    entries = []
    for person in persons_of([other.pk for other in others]).values():
        for record in person:
            entry = Merging(kind="merge", customer_id=record, lead_id=into, reason="test", at=now)
            entry.save()
            entries.append(entry.pk)
            Customer.objects.filter(pk=record).update(merged_into=into)
    publish(CustomersMerged(merging_ids=tuple(entries)))
    return entries


@transaction.atomic
def parted(other: Customer, *, now: datetime = NOW) -> int:
    """The record is a person of its own again; gives the id of the entry."""
    merge = Merging.objects.filter(customer=other, kind="merge").latest("id")
    entry = Merging.objects.create(
        kind="unmerge", customer=other, lead=merge.lead, reason="test", at=now, undoes=merge
    )
    Customer.objects.filter(pk=other.pk).update(merged_into=None)
    publish(CustomersUnmerged(merging_ids=(entry.pk,)))
    return entry.pk


def record(source: str, outside_id: str, **facts: object) -> Customer:
    """What a source says of a person, as a record of its own."""
    (learned,) = learn_customers([ProfileInput(outside_id, facts)], source=source, now=NOW)
    assert learned.refused is None, learned.refused
    return Customer.objects.get(pk=learned.customer_id)


def doubtful_pair() -> Evidence:
    """Two records that may be one person, compared as the product does."""
    number = next(_numbers)
    surname = ("Cooper", "Novak", "Harris", "Schmidt", "Moreau")[number % 5]
    said = {"name": f"Ann {surname}", "address": f"{surname[::-1]} 5", "gender": "f"}
    one = record("crm", f"p{number}", **said, email=f"ann{number}@example.com")
    other = record("web", f"p{number}", **said | {"address": f"Elm {number}, {surname}"})
    resolve_customers([one.pk, other.pk], now=NOW)
    return Evidence.objects.get(left=one, right=other)


def employee(role: str = "owner", *, stores: Sequence[Store] = (), email: str = "") -> Employee:
    """An employee of that role who can sign in with the password `correct horse`."""
    made = Employee.objects.create_user(
        email or f"{role}{next(_numbers)}@example.com",
        "correct horse",
        role=role,
        name=role.title(),
    )
    made.stores.set(stores)
    return made


def line(
    sku: str = "milk",
    total_minor: int = 1_000,
    *,
    quantity_milli: int = 1_000,
    discount_minor: int = 0,
) -> LineInput:
    """One product of a receipt."""
    return LineInput(sku, quantity_milli, total_minor, discount_minor)


def receipt(
    number: str = "",
    *,
    card: str | None = None,
    customer: Customer | None = None,
    lines: Sequence[LineInput] = (),
    store_code: str | None = None,
    bought_at: datetime = NOW,
    source: str = "till",
    discount_minor: int = 0,
    served_by: str | None = None,
) -> PurchaseInput:
    """A receipt that is not recorded yet; of a card, of a customer, or of nobody known."""
    reference = CustomerRef("card", card) if card else None
    if customer is not None:
        reference = CustomerRef("id", str(customer.pk))
    return PurchaseInput(
        source=source,
        number=number or f"R{next(_numbers)}",
        customer=reference,
        store_code=store_code,
        bought_at=bought_at,
        lines=tuple(lines) or (line(),),
        discount_minor=discount_minor,
        served_by=served_by,
    )


def purchase(number: str = "", *, now: datetime = NOW, **told: object) -> Recorded:
    """A recorded purchase; takes what `receipt` takes."""
    (recorded,) = record_purchases([receipt(number, **told)], now=now)  # type: ignore[arg-type]
    assert recorded.refused is None, recorded.refused
    return recorded


def program(code: str = "club", **told: object) -> Program:
    """A program: a point for each 1.00 spent, as many status points, silver at 100, gold at 500."""
    told.setdefault("tiers", (TierInput("silver", "Silver", 100), TierInput("gold", "Gold", 500)))
    told.setdefault(
        "units",
        (
            UnitInput("points", "Points", "spendable", worth_minor=1),
            UnitInput("status", "Status points", "qualifying"),
        ),
    )
    told.setdefault(
        "rules",
        (
            RuleInput("base", "Share of purchase", "share_of_purchase"),
            RuleInput("status", "Status", "share_of_purchase", {"unit": "status"}),
        ),
    )
    entry = ProgramInput(code=code, name=code.title(), currency="USD", **told)  # type: ignore[arg-type]
    return open_program(entry, now=NOW)


def member(*, points: int = 0, name: str = "Anna", card: str = "") -> Member:
    """A member of the standard program who has so many points, earned with one purchase."""
    made = customer(name, card=card)
    enrol_members(program=program(), joining={made.pk: NOW}, now=NOW)
    if points:
        bought = receipt(customer=made, lines=[line(total_minor=points * 100)])
        take_purchases([bought], now=NOW)
    return Member.objects.select_related("program", "tier").get(customer=made)


def touchpoint(code: str = "purchase_shop") -> Touchpoint:
    """A touchpoint of a retailer's starting set, which is laid out first."""
    ensure_defaults(now=NOW)
    return Touchpoint.objects.get(code=code)


def message(text: str = "How was it?", *, address: str = "ann@example.com") -> Message:
    """A message that waits to be sent through the outbox."""
    outgoing = OutgoingMessage(
        key=f"message:{next(_numbers)}",
        purpose="service",
        text=text,
        html=f"<p>{text}</p>",
        address=address,
        channel="outbox",
    )
    return Message.objects.get(pk=send([outgoing], now=NOW)[0].message_id)
