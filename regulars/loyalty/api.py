"""What tills, shops and other systems ask of loyalty."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.company.models import Brand
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Currency, Id, Minor, Moment, Text
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.customers.actions.identities import known_owners
from regulars.customers.actions.returns import record_returns
from regulars.customers.models import Customer
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.purchases import ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    Receipt,
    Taken,
    enrol_members,
    post_returns,
    redeem_points,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.models import Accrual, Member, Program, Redemption, Tier, Unit
from regulars.loyalty.queries.wallets import Wallet, wallets_of

router = Router(tags=["Loyalty"])

Number = Annotated[str, Field(min_length=1, max_length=100, examples=["A-1042"])]
Source = Annotated[str, Field(min_length=1, max_length=50, examples=["till"])]
Code = Annotated[str, Field(max_length=50)]
Quantity = Annotated[int, Field(ge=0, le=10**14, description="Thousandths of a piece or kilogram.")]


class CustomerRefIn(Schema):
    """Who it is: an identity such as a card, phone or e-mail, or `id` with our own id."""

    kind: Annotated[str, Field(min_length=1, max_length=50, examples=["card"])]
    value: Annotated[str, Field(min_length=1, max_length=254, examples=["700000000013"])]


class LineIn(Schema):
    """One product of a receipt; the total is what was paid, after the discount."""

    sku: Code = ""
    quantity_milli: Quantity = 1000
    total_minor: Minor
    discount_minor: Minor = 0


class PurchaseIn(Schema):
    """A receipt. `source` and `number` together name it for ever."""

    source: Source
    number: Number
    customer: CustomerRefIn | None = None
    store: Code | None = None
    bought_at: Moment
    currency: Currency | None = None
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=1000)]
    discount_minor: Minor = 0


class ReceiptOut(Schema):
    """What one program gave, the first time and whenever the purchase is sent again."""

    program: str
    member: str = Field(description="The number of the member's card.")
    earned: dict[str, int] = Field(description="By code of unit.")
    balances: dict[str, int] = Field(description="By code of unit, after this purchase.")
    tier: str = Field(description="Empty below the lowest tier.")
    next_tier: str = Field(description="Empty at the top.")
    missing: int = Field(description="Qualifying points missing to the next tier.")


class PurchaseOut(Schema):
    """A purchase on record and on the books of every program of its customer."""

    purchase_id: int
    receipts: list[ReceiptOut]


class ReturnLineIn(Schema):
    """How much of one line came back; without a total its price per piece decides."""

    position: Annotated[int, Field(ge=1, le=1000)]
    quantity_milli: Annotated[int, Field(ge=1, le=10**14)]
    total_minor: Minor | None = None


class ReturnIn(Schema):
    """Goods of a purchase that came back."""

    source: Source
    number: Number
    purchase_source: Source
    purchase_number: Number
    returned_at: Moment
    store: Code | None = None
    reason: Annotated[str, Field(max_length=200)] = ""
    lines: Annotated[list[ReturnLineIn], Field(min_length=1, max_length=1000)]


class ReturnOut(Schema):
    """A return on record, and what the member has since."""

    return_id: int
    purchase_id: int
    total_minor: int
    members: list["MemberOut"]


class BalanceOut(Schema):
    """What a member holds of one unit; `available` is what can be spent now."""

    unit: str
    kind: str
    balance: int
    available: int
    worth_minor: int


class MemberOut(Schema):
    """A customer in a program."""

    id: int
    program: str
    customer_id: int
    number: str
    joined_at: datetime
    tier: str
    next_tier: str
    missing: int
    visits: int
    balances: list[BalanceOut]


class MemberIn(Schema):
    """A customer who joins a program."""

    program: Code
    customer: CustomerRefIn


class MembersAsk(PageAsk):
    """Which members are asked for."""

    program: str = Field("", max_length=50)
    customer_id: Id | None = None
    number: str = Field("", max_length=19)


class RedemptionIn(Schema):
    """Points that a member spends. `key` names this redemption for ever."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    member: Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]
    amount: Annotated[int, Field(ge=1, le=10**15)]
    unit: Code = ""


class RedemptionOut(Schema):
    """Points that were spent, and whether that was undone."""

    id: int
    key: str
    member: str
    unit: str
    amount: int
    worth_minor: int
    redeemed_at: datetime
    undone_at: datetime | None


class UnitOut(Schema):
    """What members hold; so many `worth_points` are worth `worth_minor` of money."""

    code: str
    name: Text
    kind: str
    worth_minor: int
    worth_points: int


class TierOut(Schema):
    """A tier and the qualifying balance from which on it is reached."""

    code: str
    name: Text
    qualifying_min: int


class ProgramOut(Schema):
    """A loyalty program."""

    id: int
    code: str
    name: Text
    enrols: str
    currency: str
    is_open: bool
    units: list[UnitOut]
    tiers: list[TierOut]


@router.post("/purchases", response={201: PurchaseOut}, **writes("purchases:write"))
def create_purchase(request: ApiRequest, purchase: PurchaseIn) -> Status[PurchaseOut]:
    """Put a receipt on record and on the books; sent again, it gets the same answer."""
    (answer,) = _take([purchase])
    if isinstance(answer, Refused):
        raise answer
    return Status(201, answer)


@router.post("/purchases/bulk", **takes_lines("purchases:write", PurchaseIn))
def create_purchases(request: ApiRequest) -> HttpResponse:
    """Put receipts on record and on the books: one a line, one answer for each."""
    return answer_lines(request, PurchaseIn, _take)


@router.post("/returns", response={201: ReturnOut}, **writes("purchases:write"))
def create_return(request: ApiRequest, entry: ReturnIn) -> Status[ReturnOut]:
    """Put returned goods on record, and take back their share of the points."""
    now = moment_of_now()
    told = ReturnInput(
        source=entry.source,
        number=entry.number,
        purchase_source=entry.purchase_source,
        purchase_number=entry.purchase_number,
        returned_at=entry.returned_at,
        lines=tuple(ReturnLineInput(*line.model_dump().values()) for line in entry.lines),
        store_code=entry.store,
        reason=entry.reason,
    )
    (returned,) = record_returns([told], now=now)
    if returned.refused is not None:
        raise returned.refused
    assert returned.purchase_id is not None
    post_returns(return_ids=[returned.return_id], now=now)
    members = Member.objects.filter(
        pk__in=_member_ids_of_purchase(returned.purchase_id)
    ).select_related("program", "tier")
    answer = ReturnOut(
        return_id=returned.return_id,
        purchase_id=returned.purchase_id,
        total_minor=returned.total_minor,
        members=_shaped(members, now=now),
    )
    return Status(201, answer)


@router.get("/programs", response=list[ProgramOut], **reads("loyalty:read"))
def list_programs(request: ApiRequest) -> list[ProgramOut]:
    """All programs with their units and tiers."""
    return [_program(program) for program in seen(Program, request.auth).order_by("id")]


@router.get("/members", response=Page[MemberOut], **reads("loyalty:read"))
def list_members(request: ApiRequest, ask: Query[MembersAsk]) -> Page[MemberOut]:
    """Members, newest first, of one program or customer where asked."""
    rows = seen(Member, request.auth)
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    if ask.customer_id is not None:
        rows = rows.filter(customer_id=ask.customer_id)
    if ask.number:
        rows = rows.filter(number=ask.number)
    page = page_of(rows, ask, order="-id", shape=lambda member: member)
    shaped = _shaped(_whole(page.items), now=moment_of_now())
    by_id = {member.id: member for member in shaped}
    return Page(items=[by_id[row.pk] for row in page.items], next_cursor=page.next_cursor)


@router.post("/members", response={201: MemberOut}, **writes("loyalty:write"))
def create_member(request: ApiRequest, entry: MemberIn) -> Status[MemberOut]:
    """Make a customer a member, once; who is one already is given as they are."""
    now = moment_of_now()
    program = Program.objects.filter(code=entry.program).first()
    if program is None:
        raise Refused("unknown_program", f"no program is called {entry.program!r}", "program")
    customer_id = _customer(entry.customer)
    enrol_members(program=program, joining={customer_id: now}, now=now)
    member = Member.objects.get(program=program, customer_id=customer_id)
    return Status(201, _shaped(_whole([member]), now=now)[0])


@router.get("/members/{member_id}", response=MemberOut, **reads("loyalty:read"))
def get_member(request: ApiRequest, member_id: Id) -> MemberOut:
    """One member with balances, tier and the way to the next one."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    return _shaped(_whole([member]), now=moment_of_now())[0]


@router.get("/members/{member_id}/balances", response=list[BalanceOut], **reads("loyalty:read"))
def list_balances(request: ApiRequest, member_id: Id) -> list[BalanceOut]:
    """What a member holds of each unit, and how much of it can be spent now."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    return _shaped(_whole([member]), now=moment_of_now())[0].balances


@router.post("/redemptions", response={201: RedemptionOut}, **writes("loyalty:write"))
def create_redemption(request: ApiRequest, entry: RedemptionIn) -> Status[RedemptionOut]:
    """Spend points, soonest expiring first: all of the amount or nothing."""
    member = Member.objects.filter(number=entry.member).first()
    if member is None:
        raise Refused("unknown_member", f"no card has the number {entry.member}", "member")
    redemption = redeem_points(
        member, entry.amount, key=f"api:{entry.key}", now=moment_of_now(), unit=entry.unit
    )
    return Status(201, _redemption(redemption))


@router.post("/redemptions/{redemption_id}/undo", response=RedemptionOut, **writes("loyalty:write"))
def undo(request: ApiRequest, redemption_id: Id) -> RedemptionOut:
    """Give the points back into the lots they came from, within a day; again changes nothing."""
    redemption = get_seen(Redemption, redemption_id, seen_by=request.auth)
    return _redemption(undo_redemption(redemption, now=moment_of_now(), within=timedelta(days=1)))


def _take(batch: Sequence[PurchaseIn]) -> Sequence[PurchaseOut | Refused]:
    currency = Brand.objects.values_list("currency", flat=True).first() or "USD"
    wrong = [entry.currency not in {None, currency} for entry in batch]
    inputs = [_told(entry) for entry, bad in zip(batch, wrong, strict=True) if not bad]
    taken = iter(take_purchases(inputs, now=moment_of_now()))
    refused = Refused("other_currency", f"this company sells in {currency}", "currency")
    return [refused if bad else _purchase(next(taken)) for bad in wrong]


def _told(entry: PurchaseIn) -> PurchaseInput:
    return PurchaseInput(
        source=entry.source,
        number=entry.number,
        customer=CustomerRef(entry.customer.kind, entry.customer.value) if entry.customer else None,
        store_code=entry.store or None,
        bought_at=entry.bought_at,
        lines=tuple(
            LineInput(line.sku, line.quantity_milli, line.total_minor, line.discount_minor)
            for line in entry.lines
        ),
        discount_minor=entry.discount_minor,
    )


def _purchase(taken: Taken) -> PurchaseOut | Refused:
    if taken.refused is not None:
        return taken.refused
    receipts = [_receipt(receipt) for receipt in taken.receipts]
    return PurchaseOut(purchase_id=taken.purchase_id, receipts=receipts)


def _receipt(receipt: Receipt) -> ReceiptOut:
    return ReceiptOut(
        program=receipt.program,
        member=receipt.member,
        earned=receipt.earned,
        balances=receipt.balances,
        tier=receipt.tier,
        next_tier=receipt.next_tier,
        missing=receipt.missing,
    )


def _customer(reference: CustomerRefIn) -> int:
    if reference.kind == "id":
        if reference.value.isascii() and reference.value.isdigit() and len(reference.value) < 19:
            found = Customer.objects.filter(pk=int(reference.value)).first()
            if found:
                return found.pk
        raise NotFound("unknown_customer", "no customer has this id", "customer")
    value = normal_value(reference.kind, reference.value)
    wanted = CustomerRef(reference.kind, value or "")
    owner = known_owners([wanted]).get(wanted) if value else None
    if owner is None:
        raise NotFound("unknown_customer", "this identity points to nobody", "customer")
    return owner


def _member_ids_of_purchase(purchase_id: int) -> list[int]:
    return list(Accrual.objects.filter(purchase_id=purchase_id).values_list("member_id", flat=True))


def _whole(members: Sequence[Member]) -> QuerySet[Member]:
    ids = [member.pk for member in members]
    return Member.objects.filter(pk__in=ids).select_related("program", "tier")


def _shaped(members: QuerySet[Member], *, now: datetime) -> list[MemberOut]:
    return [_member(wallet) for wallet in wallets_of(list(members), now=now)]


def _member(wallet: Wallet) -> MemberOut:
    member = wallet.member
    return MemberOut(
        id=member.pk,
        program=member.program.code,
        customer_id=member.customer_id,
        number=member.number,
        joined_at=member.joined_at,
        tier=member.tier.code if member.tier else "",
        next_tier=wallet.next_tier.code if wallet.next_tier else "",
        missing=wallet.missing,
        visits=member.visits,
        balances=[
            BalanceOut(
                unit=holding.unit.code,
                kind=holding.unit.kind,
                balance=holding.balance,
                available=holding.available,
                worth_minor=holding.worth_minor,
            )
            for holding in wallet.holdings
        ],
    )


def _redemption(redemption: Redemption) -> RedemptionOut:
    return RedemptionOut(
        id=redemption.pk,
        key=redemption.key.removeprefix("api:"),
        member=redemption.member.number,
        unit=redemption.unit.code,
        amount=redemption.amount,
        worth_minor=redemption.worth_minor,
        redeemed_at=redemption.redeemed_at,
        undone_at=redemption.undone_at,
    )


def _program(program: Program) -> ProgramOut:
    units = Unit.objects.filter(program=program).order_by("id")
    tiers = Tier.objects.filter(program=program).order_by("qualifying_min")
    return ProgramOut(
        id=program.pk,
        code=program.code,
        name=program.name,
        enrols=program.enrols,
        currency=program.currency,
        is_open=program.is_open,
        units=[UnitOut.model_validate(unit, from_attributes=True) for unit in units],
        tiers=[TierOut.model_validate(tier, from_attributes=True) for tier in tiers],
    )
