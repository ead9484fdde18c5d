"""Follow-ups of unhappy answers: whose they are, how they end, what came after, and the rules."""

from datetime import datetime, time
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from regulars.company.models import Employee
from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, WallClock
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.feedback.actions.follow_up_rules import (
    RuleInput,
    add_follow_up_rule,
    remove_follow_up_rule,
)
from regulars.feedback.actions.following import (
    TEXT_LENGTH_MAX,
    close_follow_up,
    give_follow_up,
    note_follow_up,
    reopen_follow_up,
)
from regulars.feedback.models import FollowUp, FollowUpRule, Survey
from regulars.feedback.queries.following import (
    RELATED,
    FollowUpFilter,
    later_of,
    loop_effect,
    notes_of,
)
from regulars.feedback.rules.following import HOURS_MAX, Hours
from regulars.journey.models import Touchpoint

router = Router(tags=["Follow-ups"])

Outcome = Literal["solved", "explained", "not_reached", "not_wanted", "settled"]


class LaterOut(Schema):
    """Purchases within 90 days before and after the answer, in minor units, and the next answer."""

    before_count: int
    before_minor: int
    after_count: int
    after_minor: int
    days: int = Field(description="How many of the 90 days after have gone by.")
    next_score: float | None
    next_at: datetime | None


class FollowUpOut(Schema):
    """An unhappy answer that somebody takes care of, with its clock."""

    id: int
    signal_id: int
    answer_id: int | None
    customer_id: int | None
    store_id: int | None
    measure: str
    native_score: float | None
    owner_id: int | None
    state: Literal["open", "working", "closed"]
    outcome: str
    opened_at: datetime
    due_at: datetime
    contacted_at: datetime | None
    told_at: datetime | None = Field(
        description="When whoever is in charge was told that it is theirs, or took it."
    )
    overdue_at: datetime | None = Field(description="Since when it is told as overdue.")
    closed_at: datetime | None


class NoteOut(Schema):
    """What somebody did or wrote; `by_id` is null for a program."""

    at: datetime
    by_id: int | None
    act: str
    text: str


class FollowUpWhole(FollowUpOut):
    """A follow-up with what was done and what came after."""

    text: str = Field(description="What the customer wrote.")
    notes: list[NoteOut]
    later: LaterOut | None


class FollowUpAsk(PageAsk):
    """Which follow-ups are asked for."""

    state: Literal["", "open", "working", "closed", "overdue"] = Field(
        "", description="Empty for all that are not closed."
    )
    owner_id: Id | None = None


class FollowUpChange(Schema):
    """What happened with it; `owner_id` null takes it away from its owner."""

    act: Literal["give", "note", "contact", "close", "reopen"]
    owner_id: Id | None = None
    outcome: Outcome | None = None
    text: Annotated[str, Field(max_length=TEXT_LENGTH_MAX)] = ""


class ReachedOut(Schema):
    """One side of the comparison."""

    people: int
    bought_before: int
    bought_again: int
    answered_again: int
    content_again: int


class ShareDifferenceOut(Schema):
    """How far apart two shares are, from -1 to 1, with 95% bounds."""

    value: float
    low: float
    high: float
    p_value: float


class LoopEffectOut(Schema):
    """Contacted within 14 days beside not contacted, from day 15 to 90. It is no experiment."""

    contacted: ReachedOut
    others: ReachedOut
    before: ShareDifferenceOut | None = Field(description="Whether the sides were alike before.")
    bought: ShareDifferenceOut | None
    content: ShareDifferenceOut | None


class RuleIn(Schema):
    """Which answers open a follow-up; null and empty mean every one."""

    survey_id: Id | None = None
    touchpoint_id: Id | None = None
    measure: Literal["", "nps", "csat", "ces"] = ""
    score_max: float | None = None
    owner_id: Id | None = None
    owner_role: Annotated[str, Field(max_length=30)] = ""
    within_hours: Annotated[int, Field(ge=1, le=HOURS_MAX)] = 8
    opens: WallClock = time(9)
    closes: WallClock = time(18)
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1)] = [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


class FollowUpRuleOut(RuleIn):
    """A rule; one that rests is not on."""

    id: int
    is_on: bool


@router.get("/follow-ups", response=Page[FollowUpOut], **reads("signals:read"))
def list_follow_ups(request: ApiRequest, ask: Query[FollowUpAsk]) -> Page[FollowUpOut]:
    """The follow-ups, newest first."""
    which = FollowUpFilter(state=ask.state, owner_id=ask.owner_id)
    rows = which.rows(seen_by=request.auth, now=timezone.now()).order_by()
    return page_of(rows, ask, shape=lambda one: FollowUpOut(**_told(one)))


@router.get("/follow-ups/effect", response=LoopEffectOut, **reads("signals:read"))
def effect_of_follow_ups(request: ApiRequest) -> LoopEffectOut:
    """Whether customers who were contacted came back more often; observed, not tried by lot."""
    found = loop_effect(seen_by=request.auth, now=timezone.now())
    return LoopEffectOut.model_validate(found, from_attributes=True)


@router.get("/follow-ups/{int:follow_up_id}", response=FollowUpWhole, **reads("signals:read"))
def get_follow_up(request: ApiRequest, follow_up_id: int) -> FollowUpWhole:
    """One of them, with what was done, and the customer's purchases and answer since."""
    return _whole(request, get_seen(FollowUp, follow_up_id, seen_by=request.auth))


@router.post(
    "/follow-ups/{int:follow_up_id}/acts",
    response={201: FollowUpWhole},
    **writes("signals:write"),
)
def act_on_follow_up(
    request: ApiRequest, follow_up_id: int, change: FollowUpChange
) -> Status[FollowUpWhole]:
    """Give it to somebody, note something or a contact, close it, or open it again."""
    one, now = get_seen(FollowUp, follow_up_id, seen_by=request.auth), timezone.now()
    if change.act == "give":
        give_follow_up(one, _employee(change.owner_id), by=None, now=now)
    elif change.act == "close":
        if change.outcome is None:
            raise Refused("no_outcome", "an end has an outcome", "outcome")
        close_follow_up(one, change.outcome, by=None, now=now, text=change.text)
    elif change.act == "reopen":
        reopen_follow_up(one, by=None, now=now)
    else:
        note_follow_up(one, change.text, by=None, now=now, has_contact=change.act == "contact")
    return Status(201, _whole(request, one))


@router.get("/follow-up-rules", response=list[FollowUpRuleOut], **reads("signals:read"))
def list_follow_up_rules(request: ApiRequest) -> list[FollowUpRuleOut]:
    """The rules; without any, every unhappy answer opens a follow-up within 8 working hours."""
    return [FollowUpRuleOut.from_orm(one) for one in FollowUpRule.objects.order_by("pk")]


@router.post("/follow-up-rules", response={201: FollowUpRuleOut}, **writes("surveys:write"))
def add_rule(request: ApiRequest, rule: RuleIn) -> Status[FollowUpRuleOut]:
    """A rule that holds for answers from now on."""
    survey = get_seen(Survey, rule.survey_id, seen_by=request.auth) if rule.survey_id else None
    place = Touchpoint.objects.filter(pk=rule.touchpoint_id).first() if rule.touchpoint_id else None
    if rule.touchpoint_id and place is None:
        raise NotFound("no_touchpoint", "there is no such touchpoint", "touchpoint_id")
    same: dict[str, Any] = rule.dict(include={"measure", "score_max", "owner_role", "within_hours"})
    made = add_follow_up_rule(
        RuleInput(
            survey=survey,
            touchpoint=place,
            owner=_employee(rule.owner_id),
            week=Hours(rule.opens, rule.closes, frozenset(rule.weekdays)),
            **same,
        ),
        now=timezone.now(),
    )
    return Status(201, FollowUpRuleOut.from_orm(made))


@router.delete("/follow-up-rules/{int:rule_id}", response={204: None}, **writes("surveys:write"))
def remove_rule(request: ApiRequest, rule_id: int) -> Status[None]:
    """Take a rule away; what it opened stays."""
    remove_follow_up_rule(rule_id)
    return Status(204, None)


def _employee(employee_id: int | None) -> Employee | None:
    if employee_id is None:
        return None
    found = Employee.objects.filter(pk=employee_id, is_active=True).first()
    if found is None:
        raise NotFound("no_employee", f"there is no employee {employee_id}", "owner_id")
    return found


def _whole(request: ApiRequest, one: FollowUp) -> FollowUpWhole:
    fresh = FollowUp.objects.select_related(*RELATED).get(pk=one.pk)
    later = later_of([fresh], seen_by=request.auth, now=timezone.now()).get(fresh.pk)
    return FollowUpWhole(
        **_told(fresh),
        text=fresh.signal.text,
        notes=[NoteOut.from_orm(note) for note in notes_of(fresh)],
        later=LaterOut.model_validate(later, from_attributes=True) if later else None,
    )


OWN = (
    "id", "signal_id", "owner_id", "state", "outcome", "opened_at", "due_at", "contacted_at",
    "told_at", "overdue_at", "closed_at",
)  # fmt: skip
OF_SIGNAL = ("answer_id", "customer_id", "store_id", "measure", "native_score")


def _told(one: FollowUp) -> dict[str, Any]:
    """What is told of a follow-up: its own columns, and of the answer that opened it."""
    own = {name: getattr(one, name) for name in OWN}
    return own | {name: getattr(one.signal, name) for name in OF_SIGNAL}
