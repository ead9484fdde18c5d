"""Vouchers and gift cards: issued and loaded; payments held, captured, released, refunded."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Query, Router

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, page_of
from regulars.core.api.fields import Id
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.loyalty.actions.paying import (
    PaymentInput,
    RefundInput,
    capture_holds,
    pay_with_values,
    refund_payments,
    release_holds,
)
from regulars.loyalty.actions.values import LoadInput, ValueInput, issue_values, load_values
from regulars.loyalty.api.promo import member_ids_by_number
from regulars.loyalty.api.reward_shapes import (
    KeyIn,
    LoadIn,
    PaymentCaptureIn,
    PaymentIn,
    PaymentOut,
    RefundIn,
    ValueIn,
    ValueOut,
    ValuesAsk,
)
from regulars.loyalty.models import Program
from regulars.loyalty.models.values import StoredValue, ValuePayment
from regulars.loyalty.rules.codes import normal_code

router = Router(tags=["Vouchers and gift cards"])

Item = TypeVar("Item")
Result = TypeVar("Result")


@router.get("/stored-values", response=Page[ValueOut], **reads("loyalty:read"))
def list_values(request: ApiRequest, ask: Query[ValuesAsk]) -> Page[ValueOut]:
    """Vouchers and gift cards, newest first, of a number, a member or a kind where asked."""
    rows = seen(StoredValue, request.auth)
    if ask.code:
        rows = rows.filter(code=normal_code(ask.code) or "")
    if ask.member_id is not None:
        rows = rows.filter(member_id=ask.member_id)
    if ask.kind:
        rows = rows.filter(kind=ask.kind)
    return page_of(rows, ask, order="-id", shape=_value)


@router.post("/stored-values/bulk", **takes_lines("loyalty:write", ValueIn))
def create_values(request: ApiRequest) -> HttpResponse:
    """Issue vouchers and gift cards: one a line, exactly once by key; each gets a number."""
    return answer_lines(request, ValueIn, _issue)


@router.post("/stored-values/loads", **takes_lines("loyalty:write", LoadIn))
def create_loads(request: ApiRequest) -> HttpResponse:
    """Put money on gift cards: one a line, exactly once by key. A load is no sale."""
    return answer_lines(request, LoadIn, _load)


@router.get("/stored-values/{value_id}", response=ValueOut, **reads("loyalty:read"))
def get_value(request: ApiRequest, value_id: Id) -> ValueOut:
    """One voucher or gift card with what is left on it."""
    return _value(get_seen(StoredValue, value_id, seen_by=request.auth))


@router.post("/value-payments/bulk", **takes_lines("loyalty:write", PaymentIn))
def create_payments(request: ApiRequest) -> HttpResponse:
    """Pay with vouchers and gift cards, or hold: one a line, exactly once by key.

    A card that does not pay is answered with a payment that is `declined`, and its reason.
    """

    def take(batch: Sequence[PaymentIn]) -> Sequence[PaymentOut | Refused]:
        wishes = [
            PaymentInput(one.key, one.code, one.amount_minor, one.pin, one.hold) for one in batch
        ]
        return _payments(pay_with_values(wishes, now=moment_of_now()))

    return answer_lines(request, PaymentIn, take)


@router.post("/value-payments/captures", **takes_lines("loyalty:write", PaymentCaptureIn))
def create_captures(request: ApiRequest) -> HttpResponse:
    """Holds become payments, of all or of a part; the rest can be spent again."""

    def take(batch: Sequence[PaymentCaptureIn]) -> Sequence[PaymentOut | Refused]:
        amounts = {one.key: one.amount_minor for one in batch if one.amount_minor is not None}
        keys = [one.key for one in batch]
        return _payments(capture_holds(keys, now=moment_of_now(), amounts=amounts))

    return answer_lines(request, PaymentCaptureIn, take)


@router.post("/value-payments/releases", **takes_lines("loyalty:write", KeyIn))
def create_releases(request: ApiRequest) -> HttpResponse:
    """What was held can be spent again."""
    return answer_lines(
        request,
        KeyIn,
        lambda batch: _payments(release_holds([one.key for one in batch], now=moment_of_now())),
    )


@router.post("/value-payments/refunds", **takes_lines("loyalty:write", RefundIn))
def create_refunds(request: ApiRequest) -> HttpResponse:
    """Money of returned goods goes back to what paid for them: one a line, exactly once by key."""

    def take(batch: Sequence[RefundIn]) -> Sequence[PaymentOut | Refused]:
        refunds = [RefundInput(one.key, one.payment_key, one.amount_minor) for one in batch]
        return _payments(refund_payments(refunds, now=moment_of_now()))

    return answer_lines(request, RefundIn, take)


def _issue(batch: Sequence[ValueIn]) -> Sequence[ValueOut | Refused]:
    programs = {row.code: row for row in Program.objects.all()}
    members = member_ids_by_number([one.member for one in batch if one.member])
    answers: dict[int, ValueOut | Refused] = {}
    told: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(batch):
        if one.program not in programs:
            answers[place] = Refused("unknown_program", "no program is called so", "program")
        elif one.member is not None and one.member not in members:
            answers[place] = Refused("unknown_member", "no card has this number", "member")
        else:
            told[one.program].append(place)
    for code, places in told.items():
        entries = [_entry(batch[place], members) for place in places]
        made = issue_values(programs[code], entries, now=moment_of_now())
        for place, value in zip(places, made, strict=True):
            answers[place] = value if isinstance(value, Refused) else _value(value)
    return [answers[place] for place in range(len(batch))]


def _entry(one: ValueIn, members: dict[str, int]) -> ValueInput:
    return ValueInput(
        key=f"api:{one.key}",
        kind=one.kind,
        amount_minor=one.amount_minor,
        member_id=members[one.member] if one.member else None,
        pin=one.pin,
        is_single_use=one.is_single_use,
        expires_at=one.expires_at,
    )


def _load(batch: Sequence[LoadIn]) -> Sequence[ValueOut | Refused]:
    codes = [normal_code(one.code) or "" for one in batch]
    ids = dict(StoredValue.objects.filter(code__in=codes).values_list("code", "pk"))
    loads = [
        LoadInput(f"api:{one.key}", ids[code], one.amount_minor)
        for one, code in zip(batch, codes, strict=True)
        if code in ids
    ]
    made = iter(load_values(loads, now=moment_of_now()))
    nothing = NotFound("unknown_code", "no gift card has this number", "code")
    return _each([next(made) if code in ids else nothing for code in codes], _value)


def _payments(found: Sequence[ValuePayment | Refused]) -> list[PaymentOut | Refused]:
    return _each(found, _payment)


def _each(
    found: Sequence[Item | Refused], shape: Callable[[Item], Result]
) -> list[Result | Refused]:
    return [one if isinstance(one, Refused) else shape(one) for one in found]


def _payment(row: ValuePayment) -> PaymentOut:
    names = PaymentOut.model_fields
    return PaymentOut(**{name: getattr(row, name) for name in names})


def _value(row: StoredValue) -> ValueOut:
    return ValueOut(
        id=row.pk,
        key=row.key.removeprefix("api:"),
        kind=row.kind,
        code=row.code,
        currency=row.currency,
        face_minor=row.face_minor,
        balance_minor=row.balance_minor,
        available_minor=row.available_minor,
        has_pin=bool(row.pin_hash),
        is_single_use=row.is_single_use,
        is_blocked=row.blocked_at is not None,
        member_id=row.member_id,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
