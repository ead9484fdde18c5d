"""What other systems read of customers and purchases, and tell of customers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from regulars.company.queries import get_brand
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Currency, Id, Key, Minor, Moment, SignedMinor
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import SCOPES, reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.access import note_access
from regulars.customers.actions import CustomerRef, ProfileInput, learn_customers
from regulars.customers.eyes import SCOPE, Eyes, eyes_of
from regulars.customers.models import Customer, Line, Purchase
from regulars.customers.queries import (
    find_customers,
    identities_of,
    persons_of,
    summaries_of,
)

router = Router(tags=["Customers"])
SCOPES.add(SCOPE)


class IdentityShape(Schema):
    """What points to a customer."""

    kind: Key = Field(examples=["card"])
    value: str = Field(min_length=1, max_length=254, examples=["4600000000017"])


class CustomerIn(Schema):
    """What a source says of one person. Facts that are left out stay as they are."""

    source: Key = Field(examples=["crm"], description="The system that says it.")
    outside_id: str = Field("", max_length=100, description="The person's id in that system.")
    identities: list[IdentityShape] = Field(default=[], max_length=20)
    facts: dict[str, Any] = Field(
        default={},
        max_length=100,
        examples=[{"name": "Ann Lee", "email": "ann@example.com", "birthday": "1990-12-31"}],
        description="name, email, phone, gender, birth_year, birthday, address, occupation, "
        "interests, language, home_store; anything else is kept as a trait.",
    )
    known_since: Moment | None = None


class LearnedOut(Schema):
    """Whose record it is, and whether it brought anything new."""

    customer_id: Id = Field(description="The person the record belongs to at this moment.")
    created: bool
    changed: bool


class CustomerOut(Schema):
    """A customer's profile."""

    id: Id
    name: str
    email: str
    phone: str
    gender: str
    birth_year: int | None
    birthday: str | None = Field(examples=["1990-12-31"])
    address: str
    occupation: str
    interests: list[str]
    traits: dict[str, Any]
    language: str
    known_since: Moment


class CustomerFull(CustomerOut):
    """A customer's profile, identities, and what they bought so far."""

    identities: list[IdentityShape]
    purchases: int
    spend_minor: SignedMinor
    currency: Currency
    last_purchase_at: Moment | None


class CustomerAsk(PageAsk):
    """Which customers are asked for."""

    q: str = Field("", max_length=100, description="A fragment of a name, e-mail, phone or card.")


class PurchaseAsk(PageAsk):
    """Which purchases are asked for."""

    customer_id: Id | None = None
    since: Moment | None = Field(None, description="Bought at this moment or later.")
    until: Moment | None = Field(None, description="Bought before this moment.")


class LineOut(Schema):
    """One product of a receipt."""

    position: int
    sku: str
    quantity_milli: int
    total_minor: Minor
    discount_minor: Minor


class PurchaseOut(Schema):
    """A receipt."""

    id: Id
    source: str
    number: str
    customer_id: Id | None
    store: str | None = Field(description="The code of the store.")
    bought_at: Moment
    total_minor: Minor
    discount_minor: Minor
    currency: Currency


class PurchaseFull(PurchaseOut):
    """A receipt with its lines."""

    lines: list[LineOut]


@router.get("/customers", response=Page[CustomerOut], **reads("customers:read"))
def list_customers(request: ApiRequest, ask: Query[CustomerAsk]) -> Page[CustomerOut]:
    """Customers, the newest first; by a fragment where one is given.

    Without the scope `customers:personal` names and contacts are masked.
    """
    eyes = eyes_of(request)
    page = page_of(find_customers(ask.q), ask, shape=lambda row: _customer(row, eyes), order="-id")
    note_access(request, [item.id for item in page.items])
    return page


@router.get("/customers/{int:customer_id}", response=CustomerFull, **reads("customers:read"))
def show_customer(request: ApiRequest, customer_id: Id) -> CustomerFull:
    """One customer: profile, identities, and what they bought.

    The id of a record that was merged answers with the person it belongs to. Without the scope
    `customers:personal` names, contacts and identities are masked.
    """
    eyes = eyes_of(request)
    asked = get_seen(Customer, customer_id, seen_by=request.auth)
    found = asked.merged_into or asked
    identities = identities_of(found.pk)
    summary = summaries_of([found.pk])[found.pk]
    return CustomerFull(
        **_customer(found, eyes).dict(),
        identities=[
            IdentityShape(kind=one.kind, value=eyes.identity(found.pk, one.kind, one.value))
            for one in identities
        ],
        purchases=summary.purchases,
        spend_minor=summary.spend_minor,
        currency=get_brand().currency,
        last_purchase_at=summary.last_at,
    )


@router.post("/customers", response={201: LearnedOut}, **writes("customers:write"))
def learn_customer(request: ApiRequest, customer: CustomerIn) -> Status[LearnedOut]:
    """Keep what a source says of a person; makes the customer where nobody is known by it."""
    (learned,) = _learn([customer], now=moment_of_now())
    if isinstance(learned, Refused):
        raise learned
    note_access(request, [learned.customer_id])
    return Status(201, learned)


@router.post("/customers/bulk", **takes_lines("customers:write", CustomerIn))
def learn_many_customers(request: ApiRequest) -> HttpResponse:
    """Keep what a source says of many people, a line each."""
    return answer_lines(request, CustomerIn, lambda batch: _learn(batch, now=moment_of_now()))


@router.get("/purchases", response=Page[PurchaseOut], **reads("purchases:read"))
def list_purchases(request: ApiRequest, ask: Query[PurchaseAsk]) -> Page[PurchaseOut]:
    """Purchases within sight of the key, the latest first."""
    rows = _purchases(request)
    if ask.customer_id is not None:
        (records,) = persons_of([ask.customer_id]).values() or [()]
        rows = rows.filter(customer_id__in=records)
    if ask.since is not None:
        rows = rows.filter(bought_at__gte=ask.since)
    if ask.until is not None:
        rows = rows.filter(bought_at__lt=ask.until)
    currency = get_brand().currency
    return page_of(rows, ask, shape=lambda row: _purchase(row, currency), order="-bought_at")


@router.get("/purchases/{int:purchase_id}", response=PurchaseFull, **reads("purchases:read"))
def show_purchase(request: ApiRequest, purchase_id: Id) -> PurchaseFull:
    """One purchase with its lines."""
    found = get_seen(Purchase, purchase_id, seen_by=request.auth, rows=_purchases(request))
    lines = Line.objects.filter(purchase=found).select_related("product").order_by("position")
    return PurchaseFull(
        **_purchase(found, get_brand().currency).dict(), lines=[_line(line) for line in lines]
    )


def _purchases(request: ApiRequest) -> QuerySet[Purchase]:
    return seen(Purchase, request.auth).filter(voided_at=None).select_related("store")


def _learn(batch: Sequence[CustomerIn], *, now: datetime) -> list[LearnedOut | Refused]:
    """The answers in the order of the batch; the records of each source are learned together."""
    answers: list[LearnedOut | Refused | None] = [None] * len(batch)
    for source in sorted({entry.source for entry in batch}):
        places = [index for index, entry in enumerate(batch) if entry.source == source]
        told = [_profile(batch[index]) for index in places]
        for index, one in zip(
            places, learn_customers(told, source=source[:50], now=now), strict=True
        ):
            answers[index] = one.refused or LearnedOut(
                customer_id=one.lead_id, created=one.created, changed=one.changed
            )
    return [answer for answer in answers if answer is not None]


def _profile(told: CustomerIn) -> ProfileInput:
    identities = tuple(CustomerRef(one.kind, one.value) for one in told.identities)
    return ProfileInput(told.outside_id, told.facts, identities, told.known_since)


def _customer(row: Customer, eyes: Eyes) -> CustomerOut:
    def seen(fact: str, value: Any) -> Any:
        return eyes.fact(row.pk, fact, value)

    return CustomerOut(
        id=row.pk,
        name=seen("name", row.name),
        email=seen("email", row.email),
        phone=seen("phone", row.phone),
        gender=row.gender,
        birth_year=row.birth_year,
        birthday=seen("birthday", row.birthday.isoformat() if row.birthday else None),
        address=seen("address", row.address),
        occupation=row.occupation,
        interests=row.interests,
        traits=row.traits,
        language=row.language,
        known_since=row.known_since,
    )


def _purchase(row: Purchase, currency: str) -> PurchaseOut:
    return PurchaseOut(
        id=row.pk,
        source=row.source,
        number=row.number,
        customer_id=row.customer_id,
        store=row.store.code if row.store else None,
        bought_at=row.bought_at,
        total_minor=row.total_minor,
        discount_minor=row.discount_minor,
        currency=currency,
    )


def _line(row: Line) -> LineOut:
    return LineOut(
        position=row.position,
        sku=row.product.sku if row.product else "",
        quantity_milli=row.quantity_milli,
        total_minor=row.total_minor,
        discount_minor=row.discount_minor,
    )
