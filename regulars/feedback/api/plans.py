"""Plans of asking, and why somebody was asked or was not."""

from datetime import datetime, time
from typing import Annotated

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.channels.queries.explaining import explain
from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, WallClock
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.customers.models import Customer
from regulars.customers.queries.segments import get_segment
from regulars.feedback.actions.plans import PlanInput, set_plan
from regulars.feedback.models import AskingPlan, Candidate, Survey
from regulars.feedback.queries.plans import (
    candidates_of,
    explained,
    get_plan,
    plans,
    standings_of,
    why_asked,
)

router = Router(tags=["Feedback"])


class ModeIn(Schema):
    """A channel, and after how many minutes without an answer it is tried."""

    channel: Annotated[str, Field(max_length=30)] = ""
    after_minutes: Annotated[int, Field(ge=0, le=43_200)] = 0


class PlanIn(Schema):
    """Whom a survey is asked, when, by which channels in turn, and how often reminded.

    Share, days and reminders that are not given are as the survey's published version says
    (`sampling`, `contactPolicy`).
    """

    survey_id: Id
    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    trigger: Annotated[str, Field(max_length=20, examples=["purchase"])]
    subject: Annotated[str, Field(max_length=254)] = ""
    segment: Annotated[str, Field(max_length=50, description="The code of a segment.")] = ""
    share_per_mille: Annotated[int, Field(ge=1, le=1000)] | None = None
    delay_minutes: Annotated[int, Field(ge=0, le=129_600)] = 0
    every_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    hours_from: WallClock | None = None
    hours_until: WallClock | None = None
    modes: Annotated[list[ModeIn], Field(min_length=1, max_length=4)] = [ModeIn()]
    reminder_days: Annotated[list[int], Field(max_length=3)] | None = None
    is_on: bool = True


class ModeOut(Schema):
    """A channel of a plan."""

    channel: str
    after_minutes: int


class PlanOut(Schema):
    """A plan of asking."""

    id: int
    survey_id: int
    name: str
    trigger: str
    subject: str
    segment: str
    share_per_mille: int
    delay_minutes: int
    every_days: int
    hours_from: time | None
    hours_until: time | None
    modes: list[ModeOut]
    reminder_days: list[int]
    taken: dict[str, int] = Field(
        description="What was not given, with the number of the survey's version that says it."
    )
    next_at: datetime | None
    is_on: bool

    @staticmethod
    def resolve_segment(plan: AskingPlan) -> str:
        """The code of the segment, empty for everybody."""
        return plan.segment.code if plan.segment else ""


class PlanStandingOut(Schema):
    """How many candidates of a plan are in a state, with the reason in words."""

    state: str
    reason: str
    words: str
    count: int


class PlanWhole(PlanOut):
    """A plan with how its candidates stand."""

    standings: list[PlanStandingOut]


class CandidateOut(Schema):
    """A person whom something that happened made a candidate, and what came of it."""

    id: int
    plan_id: int
    customer_id: int
    cause: str
    at: datetime
    state: str
    reason: str
    words: str
    next: str
    due_at: datetime | None
    invitation_id: int | None


class DoorOut(Schema):
    """What the door to sending says about a survey on one channel now."""

    channel: str
    allowed: bool
    code: str
    reason: str
    earliest: datetime | None


class AskedOut(Schema):
    """Why a customer was or was not asked, and whether it could be now."""

    candidates: list[CandidateOut]
    now: list[DoorOut]


@router.get("/plans", response=Page[PlanOut], **reads("surveys:read"))
def list_plans(request: ApiRequest, ask: Query[PageAsk]) -> Page[PlanOut]:
    """The plans of asking, newest first."""
    return page_of(plans().order_by(), ask, shape=PlanOut.from_orm)


@router.get("/plans/{int:asking_plan_id}", response=PlanWhole, **reads("surveys:read"))
def get_one_plan(request: ApiRequest, asking_plan_id: int) -> PlanWhole:
    """One plan, with how many candidates stand where and why."""
    plan = get_plan(asking_plan_id)
    found = [PlanStandingOut.from_orm(one) for one in standings_of(plan, seen_by=request.auth)]
    return PlanWhole(**PlanOut.from_orm(plan).dict(), standings=found)


@router.put("/plans", response=PlanOut, **writes("surveys:write"))
def put_plan(request: ApiRequest, plan: PlanIn) -> AskingPlan:
    """The plan of that name for a survey, new or changed."""
    survey = get_seen(Survey, plan.survey_id, seen_by=request.auth)
    told = plan.dict(exclude={"survey_id", "segment", "modes"})
    wanted = PlanInput(
        **told,
        segment=get_segment(plan.segment) if plan.segment else None,
        modes=[(mode.channel, mode.after_minutes) for mode in plan.modes],
    )
    return get_plan(set_plan(survey, wanted, now=timezone.now()).pk)


@router.get(
    "/plans/{int:asking_plan_id}/candidates", response=Page[CandidateOut], **reads("surveys:read")
)
def list_candidates(
    request: ApiRequest, asking_plan_id: int, ask: Query[PageAsk]
) -> Page[CandidateOut]:
    """The candidates of a plan, newest first, each with its reason."""
    rows = candidates_of(get_plan(asking_plan_id), seen_by=request.auth).order_by()
    return page_of(rows, ask, shape=_candidate)


@router.get("/customers/{int:customer_id}/asked", response=AskedOut, **reads("customers:read"))
def get_asked(request: ApiRequest, customer_id: int) -> AskedOut:
    """Why a customer was or was not asked: every plan that thought of them, and the door as it is."""
    found = get_seen(Customer, customer_id, seen_by=request.auth)
    door = explain(found.pk, now=timezone.now(), purposes=["survey"])
    return AskedOut(
        candidates=[_candidate(one.candidate) for one in why_asked(found.pk, seen_by=request.auth)],
        now=[
            DoorOut(
                channel=one.channel,
                allowed=one.verdict.allowed,
                code=one.verdict.code,
                reason=one.verdict.reason,
                earliest=one.verdict.earliest,
            )
            for one in door
        ],
    )


def _candidate(row: Candidate) -> CandidateOut:
    told = explained(row)
    return CandidateOut(
        id=row.pk,
        plan_id=row.plan_id,
        customer_id=row.customer_id,
        cause=row.cause,
        at=row.at,
        state=row.state,
        reason=row.reason,
        words=told.words,
        next=told.next_words,
        due_at=row.due_at,
        invitation_id=row.invitation_id,
    )
