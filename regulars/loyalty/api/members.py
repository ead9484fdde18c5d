"""Programs, members, balances and redemptions."""

from datetime import timedelta

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router
from ninja.responses import Status

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, cursor_at, number_at, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.customers.actions import CustomerRef
from regulars.customers.actions.identities import known_owners
from regulars.customers.models import Customer
from regulars.customers.queries import records_of
from regulars.customers.rules.identities import normal_value
from regulars.loyalty.actions import (
    TermsInput,
    enrol_members,
    redeem_points,
    refer_friend,
    set_terms,
    undo_redemption,
)
from regulars.loyalty.api.purchases import purchase_id_of
from regulars.loyalty.api.shapes import (
    BalanceOut,
    CustomerRefIn,
    HistoryEntryOut,
    MemberIn,
    MemberOut,
    MembersAsk,
    ProgramOut,
    RedemptionIn,
    RedemptionOut,
    TermsIn,
    TermsOut,
    TierOut,
    UnitOut,
)
from regulars.loyalty.api.wallets import shaped, whole
from regulars.loyalty.models import Member, Program, Redemption, Tier, Unit
from regulars.loyalty.queries.history import history_of

router = Router(tags=["Loyalty"])


@router.get("/programs", response=list[ProgramOut], **reads("loyalty:read"))
def list_programs(request: ApiRequest) -> list[ProgramOut]:
    """All programs with their units and tiers."""
    return [shaped_program(program) for program in seen(Program, request.auth).order_by("id")]


@router.put("/programs/{program_id}/terms", response=ProgramOut, **writes("loyalty:write"))
def put_terms(request: ApiRequest, program_id: Id, entry: TermsIn) -> ProgramOut:
    """Set what returned goods take, and what points wait for, from now on."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return shaped_program(set_terms(program, TermsInput(**entry.model_dump())))


@router.get("/members", response=Page[MemberOut], **reads("loyalty:read"))
def list_members(request: ApiRequest, ask: Query[MembersAsk]) -> Page[MemberOut]:
    """Members, newest first, of one program or customer where asked.

    Cards of merged records are listed each, with what their person has.
    """
    rows = seen(Member, request.auth)
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    if ask.customer_id is not None:
        rows = rows.filter(customer_id__in=records_of(ask.customer_id))
    if ask.number:
        rows = rows.filter(number=ask.number)
    page = page_of(rows, ask, order="-id", shape=lambda member: member)
    found = shaped(whole(page.items), now=moment_of_now())
    by_id = {member.id: member for member in found}
    return Page(items=[by_id[row.pk] for row in page.items], next_cursor=page.next_cursor)


@router.post("/members", response={201: MemberOut}, **writes("loyalty:write"))
def create_member(request: ApiRequest, entry: MemberIn) -> Status[MemberOut]:
    """Make a customer a member, once; who is one already is given as they are."""
    now = moment_of_now()
    program = Program.objects.filter(code=entry.program).first()
    if program is None:
        raise Refused("unknown_program", f"no program is called {entry.program!r}", "program")
    customer_id = _customer(entry.customer)
    if entry.referred_by:
        refer_friend(program, customer_id, entry.referred_by, now=now)
    enrol_members(program=program, joining={customer_id: now}, now=now)
    member = Member.objects.get(program=program, customer_id=customer_id)
    return Status(201, shaped(whole([member]), now=now)[0])


@router.get("/members/{member_id}", response=MemberOut, **reads("loyalty:read"))
def get_member(request: ApiRequest, member_id: Id) -> MemberOut:
    """One member with balances, tier and the way to the next one."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    return shaped(whole([member]), now=moment_of_now())[0]


@router.get("/members/{member_id}/balances", response=list[BalanceOut], **reads("loyalty:read"))
def list_balances(request: ApiRequest, member_id: Id) -> list[BalanceOut]:
    """What a member holds of each unit, and how much of it can be spent now."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    return shaped(whole([member]), now=moment_of_now())[0].balances


@router.get("/members/{member_id}/history", response=Page[HistoryEntryOut], **reads("loyalty:read"))
def list_entries(request: ApiRequest, member_id: Id, ask: Query[PageAsk]) -> Page[HistoryEntryOut]:
    """What happened on a member's accounts, newest first, each entry with why it is what it is.

    What one receipt gave of a unit is one entry, never torn apart between two pages.
    """
    member = get_seen(Member, member_id, seen_by=request.auth)
    place = f"history of {member.pk}"
    found = history_of(member, limit=ask.limit, after=number_at(place, ask.cursor))
    entries = [
        HistoryEntryOut(
            at=one.at,
            unit=one.unit_code,
            amount=one.amount,
            cause=one.cause,
            store=one.store,
            explanation=one.why,
        )
        for one in found.entries
    ]
    more = None if found.next_id is None else cursor_at(place, found.next_id)
    return Page(items=entries, next_cursor=more)


@router.post("/redemptions", response={201: RedemptionOut}, **writes("loyalty:write"))
def create_redemption(request: ApiRequest, entry: RedemptionIn) -> Status[RedemptionOut]:
    """Spend points, soonest expiring first: all of the amount or nothing."""
    member = Member.objects.filter(number=entry.member).first()
    if member is None:
        raise Refused("unknown_member", f"no card has the number {entry.member}", "member")
    redemption = redeem_points(
        member,
        entry.amount,
        key=f"api:{entry.key}",
        now=moment_of_now(),
        unit=entry.unit,
        purchase_id=purchase_id_of(entry.purchase),
    )
    return Status(201, _redemption(redemption))


@router.post("/redemptions/{redemption_id}/undo", response=RedemptionOut, **writes("loyalty:write"))
def undo(request: ApiRequest, redemption_id: Id) -> RedemptionOut:
    """Give the points back into the lots they came from, within a day; again changes nothing."""
    redemption = get_seen(Redemption, redemption_id, seen_by=request.auth)
    return _redemption(undo_redemption(redemption, now=moment_of_now(), within=timedelta(days=1)))


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


def shaped_program(program: Program) -> ProgramOut:
    """A program as the API shows it."""
    units = Unit.objects.filter(program=program).order_by("id")
    tiers = Tier.objects.filter(program=program, is_retired=False).order_by("qualifying_min")
    return ProgramOut(
        id=program.pk,
        code=program.code,
        name=program.name,
        enrols=program.enrols,
        currency=program.currency,
        is_open=program.is_open,
        terms=TermsOut.model_validate(program, from_attributes=True),
        units=[UnitOut.model_validate(unit, from_attributes=True) for unit in units],
        tiers=[TierOut.model_validate(tier, from_attributes=True) for tier in tiers],
    )
