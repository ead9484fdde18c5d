"""Calls of operators for other programs, such as a dialler: the list, the script, the outcomes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.company.models import Employee
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Forbidden, Refused
from regulars.customers.access import note_access
from regulars.customers.eyes import Eyes, eyes_of
from regulars.feedback.actions.call_list import claim_next, set_free
from regulars.feedback.actions.call_outcomes import CallEnd, note_outcome
from regulars.feedback.actions.call_script import (
    Deed,
    begin_script,
    find_script,
    go_on_with_script,
)
from regulars.feedback.actions.flowing import shown_step
from regulars.feedback.models import Callee
from regulars.feedback.queries.calls import quotas_of, standing_of_list, zones_of
from regulars.feedback.rules.calls import OUTCOMES

router = Router(tags=["Calls"])

OperatorId = Annotated[Id, Field(description="The employee who calls.")]
OUTCOME_NAMES = [name for name, one in OUTCOMES.items() if one.key]


class OperatorIn(Schema):
    """Which employee calls."""

    operator_id: OperatorId


class BeginIn(OperatorIn):
    """That the script begins, and what the person said of recording."""

    may_record: bool | None = None


class DeedIn(OperatorIn):
    """An answer to the question of that name, a step back, or another language."""

    deed: Literal["answer", "back", "language"] = "answer"
    name: Annotated[str, Field(max_length=60, examples=["nps"])] = ""
    value: Any = None
    comment: Annotated[str, Field(max_length=4000)] = ""
    language: Annotated[str, Field(max_length=10)] = ""


class OutcomeIn(OperatorIn):
    """How a call ended; `call_back_at` goes with `call_back`."""

    outcome: Annotated[str, Field(max_length=20, examples=["no_answer"])]
    note: Annotated[str, Field(max_length=500)] = ""
    call_back_at: Moment | None = None


class CalleeOut(Schema):
    """A person on the calling list. Name and number are masked without `customers:personal`."""

    id: int
    invitation_id: int
    survey_id: int
    customer_id: int
    name: str
    phone: str
    timezone: str
    due_at: datetime
    is_call_back: bool
    calls: int
    operator_id: int | None
    held_until: datetime | None
    outcome: str
    closed_at: datetime | None


class ClaimedOut(Schema):
    """The next person, or null when nobody can be called now."""

    callee: CalleeOut | None


class QuotaCount(Schema):
    """A quota and how many of its places are taken."""

    name: str
    places: int
    taken: int


class ScriptOut(Schema):
    """Where the script stands: the question to put, what is wrong with the last answer, the end."""

    callee: CalleeOut
    step: Annotated[dict[str, Any], Field(description="As the flow for apps gives it.")]
    quotas: list[QuotaCount]


class CallListOut(Schema):
    """How the calling list stands, in people and in calls, with the rates of the standard."""

    due: int
    later: int
    call_backs: int
    being_called: int
    people: int
    calls: dict[str, int]
    dispositions: dict[str, int]
    rates: dict[str, float | None]


class CallAsk(PageAsk):
    """Which people on the list are asked for."""

    survey_id: Id | None = None
    is_open: bool | None = None


class ListAsk(Schema):
    """Of which survey."""

    survey_id: Id | None = None


@router.get("/callees", response=Page[CalleeOut], **reads("calls:read"))
def list_callees(request: ApiRequest, ask: Query[CallAsk]) -> Page[CalleeOut]:
    """People on the calling list, the latest first."""
    rows = seen(Callee, request.auth).select_related("invitation__customer")
    if ask.survey_id is not None:
        rows = rows.filter(invitation__survey=ask.survey_id)
    if ask.is_open is not None:
        rows = rows.filter(closed_at__isnull=ask.is_open)
    page = page_of(rows, ask, shape=lambda one: one)
    return Page(items=_outs(request, page.items), next_cursor=page.next_cursor)


@router.get("/callees/standing", response=CallListOut, **reads("calls:read"))
def get_call_list(request: ApiRequest, ask: Query[ListAsk]) -> CallListOut:
    """How the calling list stands now, and how calls ended."""
    found = standing_of_list(seen_by=request.auth, survey_id=ask.survey_id, now=timezone.now())
    return CallListOut(
        due=found.due,
        later=found.later,
        call_backs=found.call_backs,
        being_called=found.being_called,
        people=found.people,
        calls=dict(found.calls_by_outcome),
        dispositions=dict(found.dispositions),
        rates=found.rates,
    )


@router.get("/callees/{int:callee_id}", response=CalleeOut, **reads("calls:read"))
def get_callee(request: ApiRequest, callee_id: int) -> CalleeOut:
    """One person on the calling list."""
    return _out(request, _callee(request, callee_id))


@router.post("/callees/claim", response=ClaimedOut, **writes("calls:write"))
def claim_callee(request: ApiRequest, given: OperatorIn) -> ClaimedOut:
    """The next person to ring, this operator's alone until `held_until`; the one they have, if any.

    A key that is bound to stores cannot call, for the list is one for the company.
    """
    if request.auth.store_ids is not None:
        raise Forbidden("not_of_a_store", "the calling list is one for all stores")
    taken = claim_next(operator_id=_operator(given), now=timezone.now())
    return ClaimedOut(callee=_out(request, taken) if taken else None)


@router.post("/callees/{int:callee_id}/begin", response=ScriptOut, **writes("calls:write"))
def begin_call(request: ApiRequest, callee_id: int, given: BeginIn) -> ScriptOut:
    """Begins the script, or goes on where an earlier call stopped."""
    _callee(request, callee_id)
    begin_script(
        callee_id,
        operator_id=_operator(given),
        may_record=given.may_record,
        now=timezone.now(),
    )
    return _script(request, callee_id)


@router.post("/callees/{int:callee_id}/deeds", response=ScriptOut, **writes("calls:write"))
def go_on_in_call(request: ApiRequest, callee_id: int, given: DeedIn) -> ScriptOut:
    """Keeps an answer, goes back or changes the language; the end of the survey ends the call."""
    _callee(request, callee_id)
    deed = Deed(given.deed, given.name, given.value, given.comment, given.language)
    step = go_on_with_script(callee_id, deed, operator_id=_operator(given), now=timezone.now())
    return _script(request, callee_id, shown_step(step))


@router.post("/callees/{int:callee_id}/outcome", response=CalleeOut, **writes("calls:write"))
def end_one_call(request: ApiRequest, callee_id: int, given: OutcomeIn) -> CalleeOut:
    """Ends the call that goes on with a person."""
    _callee(request, callee_id)
    end = CallEnd(given.outcome, given.note, given.call_back_at)
    note_outcome(callee_id, end, operator_id=_operator(given), now=timezone.now())
    return _out(request, _callee(request, callee_id))


@router.post("/callees/{int:callee_id}/free", response=CalleeOut, **writes("calls:write"))
def free_one_callee(request: ApiRequest, callee_id: int) -> CalleeOut:
    """Takes a person away from the operator who has them."""
    set_free(_callee(request, callee_id).pk, now=timezone.now())
    return _out(request, _callee(request, callee_id))


def _callee(request: ApiRequest, callee_id: int) -> Callee:
    rows = Callee.objects.select_related("invitation__customer")
    return get_seen(Callee, callee_id, seen_by=request.auth, rows=rows)


def _operator(given: OperatorIn) -> int:
    found = Employee.objects.filter(pk=given.operator_id, is_active=True).first()
    if found is None or not found.has_perm("feedback.make_call"):
        raise Refused("not_an_operator", "no employee of that id may call", "operator_id")
    return int(found.pk)


def _outs(request: ApiRequest, listed: Sequence[Callee]) -> list[CalleeOut]:
    note_access(request, [one.invitation.customer_id for one in listed])
    eyes, zones = eyes_of(request), zones_of(listed)
    return [_shaped(one, eyes, zones[one.pk]) for one in listed]


def _out(request: ApiRequest, one: Callee) -> CalleeOut:
    return _outs(request, [one])[0]


def _shaped(one: Callee, eyes: Eyes, zone: str) -> CalleeOut:
    customer = one.invitation.customer
    return CalleeOut(
        id=one.pk,
        invitation_id=one.invitation_id,
        survey_id=one.invitation.survey_id,
        customer_id=customer.pk,
        name=eyes.name(customer),
        phone=eyes.fact(customer.pk, "phone", customer.phone),
        timezone=zone,
        due_at=one.due_at,
        is_call_back=one.is_call_back,
        calls=one.calls,
        operator_id=one.operator_id,
        held_until=one.held_until,
        outcome=one.outcome,
        closed_at=one.closed_at,
    )


def _script(request: ApiRequest, callee_id: int, told: dict[str, Any] | None = None) -> ScriptOut:
    callee = _callee(request, callee_id)
    step = find_script(callee)
    assert step is not None, "the script was begun"
    return ScriptOut(
        callee=_out(request, callee),
        step=told or shown_step(step),
        quotas=[
            QuotaCount(name=one.name, places=one.places, taken=one.taken)
            for one in quotas_of(callee.invitation.survey_id)
        ],
    )
