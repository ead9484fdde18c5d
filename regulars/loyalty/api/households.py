"""Households: members who share their points."""

from datetime import datetime
from typing import Annotated

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions.households import (
    accept_invitation,
    close_household,
    decline_invitation,
    hand_on_household,
    invite_member,
    leave_household,
    set_household_rules,
    start_household,
)
from regulars.loyalty.models import Household, Member, Program, Seat
from regulars.loyalty.queries.households import rules_of
from regulars.loyalty.rules.households import HouseholdRules

router = Router(tags=["Households"])
Card = Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]


class HouseholdRulesIn(Schema):
    """How members share points; without rules nobody does."""

    rules: HouseholdRules | None


class CardIn(Schema):
    """A member by the number of the card."""

    card: Card


class SeatOut(Schema):
    """A member's place in a household."""

    id: int
    household_id: int
    card: str
    state: str = Field(description="invited, in, declined or left.")
    is_head: bool
    invited_at: datetime
    joined_at: datetime | None
    ended_at: datetime | None


class HouseholdOut(Schema):
    """Members who share their points, with all seats there ever were."""

    id: int
    program: str
    head: str
    made_at: datetime
    closed_at: datetime | None
    seats: list[SeatOut]


class HouseholdsAsk(PageAsk):
    """Whose households are asked for."""

    program: str = Field("", max_length=50)
    member_id: Id | None = None


@router.get(
    "/programs/{program_id}/household-rules", response=HouseholdRulesIn, **reads("loyalty:read")
)
def get_household_rules(request: ApiRequest, program_id: Id) -> HouseholdRulesIn:
    """How members of a program share points."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return HouseholdRulesIn(rules=rules_of(program.household_rules))


@router.put(
    "/programs/{program_id}/household-rules", response=HouseholdRulesIn, **writes("loyalty:write")
)
def put_household_rules(
    request: ApiRequest, program_id: Id, entry: HouseholdRulesIn
) -> HouseholdRulesIn:
    """Have members share points by these rules from now on, also in households that are there."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    told = entry.rules.model_dump() if entry.rules else None
    return HouseholdRulesIn(rules=rules_of(set_household_rules(program, told).household_rules))


@router.get("/households", response=Page[HouseholdOut], **reads("loyalty:read"))
def list_households(request: ApiRequest, ask: Query[HouseholdsAsk]) -> Page[HouseholdOut]:
    """Households, newest first, of a program or a member where asked."""
    rows = seen(Household, request.auth).select_related("program", "head")
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    if ask.member_id is not None:
        mine = Seat.objects.filter(member=ask.member_id, state="in")
        rows = rows.filter(pk__in=mine.values("household"))
    return page_of(rows, ask, order="-id", shape=_shaped)


@router.post("/households", response={201: HouseholdOut}, **writes("loyalty:write"))
def create_household(request: ApiRequest, entry: CardIn) -> Status[HouseholdOut]:
    """A household with this member at its head; who heads one already has that one."""
    return Status(201, _shaped(start_household(_member(entry.card), now=moment_of_now())))


@router.get("/households/{household_id}", response=HouseholdOut, **reads("loyalty:read"))
def get_household(request: ApiRequest, household_id: Id) -> HouseholdOut:
    """One household with its seats."""
    return _shaped(_household(request, household_id))


@router.post(
    "/households/{household_id}/invitations", response={201: SeatOut}, **writes("loyalty:write")
)
def create_invitation(request: ApiRequest, household_id: Id, entry: CardIn) -> Status[SeatOut]:
    """Invite a member, who accepts or declines; asked again, it is the same invitation."""
    found = _household(request, household_id)
    return Status(201, _seat(invite_member(found, _member(entry.card), now=moment_of_now())))


@router.post("/households/{household_id}/head", response=HouseholdOut, **writes("loyalty:write"))
def put_head(request: ApiRequest, household_id: Id, entry: CardIn) -> HouseholdOut:
    """Another of its members is at the head from now on."""
    return _shaped(hand_on_household(_household(request, household_id), _member(entry.card)))


@router.post("/households/{household_id}/close", response=HouseholdOut, **writes("loyalty:write"))
def close(request: ApiRequest, household_id: Id) -> HouseholdOut:
    """Nobody shares there any more; each keeps what was not spent."""
    return _shaped(close_household(_household(request, household_id), now=moment_of_now()))


@router.post("/household-seats/{seat_id}/accept", response=SeatOut, **writes("loyalty:write"))
def accept(request: ApiRequest, seat_id: Id) -> SeatOut:
    """The member accepts the invitation and shares points from now on."""
    return _seat(accept_invitation(_seat_of(request, seat_id), now=moment_of_now()))


@router.post("/household-seats/{seat_id}/decline", response=SeatOut, **writes("loyalty:write"))
def decline(request: ApiRequest, seat_id: Id) -> SeatOut:
    """The member declines the invitation, or the head withdraws it."""
    return _seat(decline_invitation(_seat_of(request, seat_id), now=moment_of_now()))


@router.post("/household-seats/{seat_id}/leave", response=SeatOut, **writes("loyalty:write"))
def leave(request: ApiRequest, seat_id: Id) -> SeatOut:
    """The member shares no more; the program's rules say where the points go."""
    return _seat(leave_household(_seat_of(request, seat_id), now=moment_of_now()))


def _member(number: str) -> Member:
    found = Member.objects.filter(number=number).select_related("program").first()
    if found is None:
        raise Refused("unknown_card", f"no card has the number {number}", "card")
    return found


def _household(request: ApiRequest, household_id: int) -> Household:
    rows = Household.objects.select_related("program", "head")
    return get_seen(Household, household_id, seen_by=request.auth, rows=rows)


def _seat_of(request: ApiRequest, seat_id: int) -> Seat:
    rows = Seat.objects.select_related("household", "member")
    return get_seen(Seat, seat_id, seen_by=request.auth, rows=rows)


def _shaped(row: Household) -> HouseholdOut:
    seats = Seat.objects.filter(household=row).select_related("member", "household").order_by("id")
    return HouseholdOut(
        id=row.pk,
        program=row.program.code,
        head=row.head.number,
        made_at=row.made_at,
        closed_at=row.closed_at,
        seats=[_seat(one) for one in seats],
    )


def _seat(row: Seat) -> SeatOut:
    return SeatOut(
        id=row.pk,
        household_id=row.household_id,
        card=row.member.number,
        state=row.state,
        is_head=row.state == "in" and row.member_id == row.household.head_id,
        invited_at=row.invited_at,
        joined_at=row.joined_at,
        ended_at=row.ended_at,
    )
