"""Limits on spending, watches and their alarms, one-time codes, frozen and employees' cards."""

from datetime import datetime
from typing import Annotated, Literal

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import ConfigDict, Field

from regulars.company.models import Employee
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions.guarding import (
    confirm_code,
    freeze_members,
    mark_as_employees,
    send_code,
    set_spending_limits,
    thaw_members,
)
from regulars.loyalty.actions.watching import WatchInput, decide_alarm, set_watch
from regulars.loyalty.models import Alarm, Member, Program, SpendingCode, Watch

router = Router(tags=["Loyalty"])

WatchCode = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,50}$", examples=["fast"])]
Points = Annotated[int | None, Field(ge=1, le=10**12, description="None sets no limit.")]


class SpendingLimitsShape(Schema):
    """How much a member may spend, in points; a day is the last 24 hours."""

    model_config = ConfigDict(extra="forbid")

    at_once: Points = None
    a_day: Points = None
    times_a_day: Annotated[int | None, Field(ge=1, le=10_000)] = None
    code_from: Annotated[
        int | None, Field(ge=1, le=10**12, description="From so many points on a code is asked.")
    ] = None


class WatchIn(Schema):
    """More than `most` of what it counts within `hours` raises an alarm."""

    counts: Literal["purchases", "earned", "redemptions", "redeemed"]
    most: Annotated[int, Field(ge=1, le=10**12)]
    hours: Annotated[int, Field(ge=1, le=744)]
    staff_only: bool = False
    freezes: Annotated[bool, Field(description="An alarm freezes the card at once.")] = False
    is_on: bool = True


class WatchOut(WatchIn):
    """A watch of a program."""

    id: int
    program: str
    code: str


class AlarmsAsk(PageAsk):
    """Alarms in one state, or all."""

    state: Literal["", "open", "harmless", "fraud"] = ""


class AlarmOut(Schema):
    """What was found about a member, and what somebody decided."""

    id: int
    watch: str
    program: str
    member: str
    member_id: int
    counts: str
    found: int
    most: int
    hours: int
    at: datetime
    state: str
    note: str
    decided_at: datetime | None


class AlarmDecisionIn(Schema):
    """Fraud freezes the card."""

    state: Literal["harmless", "fraud"]
    note: Annotated[str, Field(max_length=500)] = ""


class FreezeIn(Schema):
    """Why; members and tills are told."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class FrozenOut(Schema):
    """Whether a card is frozen, since when and why."""

    member_id: int
    frozen_at: datetime | None
    reason: str


class EmployeeIn(Schema):
    """The employee's e-mail; empty: it is nobody's card."""

    email: Annotated[str, Field(max_length=254)] = ""


class CodeIn(Schema):
    """For spending up to how many points the member is to confirm."""

    member: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
    amount: Annotated[int, Field(ge=1, le=10**12)]


class CodeOut(Schema):
    """A code that was sent; with `confirmed_at` it lets the member spend once, for ten minutes."""

    id: int
    amount: int
    ends_at: datetime
    tries: int
    confirmed_at: datetime | None


class DigitsIn(Schema):
    """What the member read out."""

    digits: Annotated[str, Field(min_length=1, max_length=12)]


@router.get(
    "/programs/{program_id}/spending-limits", response=SpendingLimitsShape, **reads("loyalty:read")
)
def get_limits(request: ApiRequest, program_id: Id) -> SpendingLimitsShape:
    """How much members of a program may spend."""
    return _limits(get_seen(Program, program_id, seen_by=request.auth))


@router.put(
    "/programs/{program_id}/spending-limits",
    response=SpendingLimitsShape,
    **writes("loyalty:write"),
)
def put_limits(
    request: ApiRequest, program_id: Id, entry: SpendingLimitsShape
) -> SpendingLimitsShape:
    """Other limits, from now on; what is left out sets none."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return _limits(set_spending_limits(program, **entry.model_dump()))


@router.get("/watches", response=Page[WatchOut], **reads("loyalty:read"))
def list_watches(request: ApiRequest, ask: Query[PageAsk]) -> Page[WatchOut]:
    """What is watched, the newest first."""
    rows = seen(Watch, request.auth).select_related("program")
    return page_of(rows, ask, order="-id", shape=_watch)


@router.put("/programs/{program_id}/watches/{code}", response=WatchOut, **writes("loyalty:write"))
def put_watch(request: ApiRequest, program_id: Id, code: WatchCode, entry: WatchIn) -> WatchOut:
    """Make a watch or change it, for what happens from now on."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return _watch(set_watch(program, code, WatchInput(**entry.model_dump())))


@router.get("/alarms", response=Page[AlarmOut], **reads("loyalty:read"))
def list_alarms(request: ApiRequest, ask: Query[AlarmsAsk]) -> Page[AlarmOut]:
    """Alarms, the newest first."""
    rows = seen(Alarm, request.auth).select_related("watch__program", "member")
    if ask.state:
        rows = rows.filter(state=ask.state)
    return page_of(rows, ask, order="-id", shape=_alarm)


@router.post("/alarms/{alarm_id}/decision", response=AlarmOut, **writes("loyalty:write"))
def decide(request: ApiRequest, alarm_id: Id, entry: AlarmDecisionIn) -> AlarmOut:
    """Say that an alarm was harmless, or fraud: that freezes the card."""
    alarm = get_seen(Alarm, alarm_id, seen_by=request.auth)
    decide_alarm(alarm, entry.state, note=entry.note, employee_id=None, now=moment_of_now())
    return _alarm(Alarm.objects.select_related("watch__program", "member").get(pk=alarm.pk))


@router.post("/members/{member_id}/freeze", response=FrozenOut, **writes("loyalty:write"))
def freeze(request: ApiRequest, member_id: Id, entry: FreezeIn) -> FrozenOut:
    """Freeze a card: it earns, and spends nothing. Frozen already, it keeps its reason."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    freeze_members([member.pk], reason=entry.reason, now=moment_of_now())
    return _frozen(member)


@router.post("/members/{member_id}/thaw", response=FrozenOut, **writes("loyalty:write"))
def thaw(request: ApiRequest, member_id: Id) -> FrozenOut:
    """Let a frozen card spend again."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    thaw_members([member.pk])
    return _frozen(member)


@router.put("/members/{member_id}/employee", response=FrozenOut, **writes("loyalty:write"))
def put_employee(request: ApiRequest, member_id: Id, entry: EmployeeIn) -> FrozenOut:
    """Say whose card it is among the employees: nobody serves their own."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    found = None
    if entry.email:
        found = Employee.objects.filter(email__iexact=entry.email.strip()).first()
        if found is None:
            raise Refused("unknown_employee", "nobody here has this e-mail", "email")
    mark_as_employees(member, found.pk if found else None)
    return _frozen(member)


@router.post("/spending-codes", response={201: CodeOut}, **writes("loyalty:write"))
def create_code(request: ApiRequest, entry: CodeIn) -> Status[CodeOut]:
    """Send a member the one-time code that large spending asks for."""
    member = Member.objects.filter(number=entry.member).first()
    if member is None:
        raise Refused("unknown_member", f"no card has the number {entry.member}", "member")
    return Status(201, _code(send_code(member, entry.amount, now=moment_of_now())))


@router.post("/spending-codes/{code_id}/confirm", response=CodeOut, **writes("loyalty:write"))
def confirm(request: ApiRequest, code_id: Id, entry: DigitsIn) -> CodeOut:
    """Confirm with the digits; a wrong try is counted and answered, and leaves it unconfirmed."""
    code = get_seen(SpendingCode, code_id, seen_by=request.auth)
    return _code(confirm_code(code, entry.digits, now=moment_of_now()))


def _limits(program: Program) -> SpendingLimitsShape:
    return SpendingLimitsShape.model_validate(program.spending_limits)


def _watch(watch: Watch) -> WatchOut:
    told = {name: getattr(watch, name) for name in WatchIn.model_fields}
    return WatchOut(id=watch.pk, program=watch.program.code, code=watch.code, **told)


def _alarm(alarm: Alarm) -> AlarmOut:
    return AlarmOut(
        id=alarm.pk,
        watch=alarm.watch.code,
        program=alarm.watch.program.code,
        member=alarm.member.number,
        member_id=alarm.member_id,
        counts=alarm.watch.counts,
        found=alarm.found,
        most=alarm.most,
        hours=alarm.hours,
        at=alarm.at,
        state=alarm.state,
        note=alarm.note,
        decided_at=alarm.decided_at,
    )


def _frozen(member: Member) -> FrozenOut:
    member.refresh_from_db()
    return FrozenOut(member_id=member.pk, frozen_at=member.frozen_at, reason=member.frozen_reason)


def _code(code: SpendingCode) -> CodeOut:
    return CodeOut(
        id=code.pk,
        amount=code.amount,
        ends_at=code.ends_at,
        tries=code.tries,
        confirmed_at=code.confirmed_at,
    )
