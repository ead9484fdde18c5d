"""Points given or taken by hand, and how large they may be without a second person."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions.adjusting import AdjustmentInput, Asker, adjust_points
from regulars.loyalty.actions.limits import LimitsInput, set_limits
from regulars.loyalty.models import Adjustment, Member, Program
from regulars.loyalty.rules.adjusting import AMOUNT_MAX, NOTE_MAX, REASONS

router = Router(tags=["Loyalty"])


class AdjustmentIn(Schema):
    """Points to give (above zero) or take (below zero). `key` names the adjustment for ever."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    member: Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]
    unit: Annotated[str, Field(min_length=1, max_length=30, examples=["points"])]
    amount: Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX, examples=[-50])]
    reason: Annotated[str, Field(json_schema_extra={"enum": list(REASONS)})]
    note: Annotated[str, Field(max_length=NOTE_MAX)] = Field(
        "", description="For staff; `other` needs one."
    )
    ends_at: Moment | None = Field(
        None, description="When what is given dies, instead of the end by the unit's rule."
    )


class AdjustmentOut(Schema):
    """An adjustment; `waiting` above the program's limit, until somebody approves or declines it."""

    id: int
    key: str
    member: str
    unit: str
    amount: int
    reason: str
    note: str
    ends_at: datetime | None
    state: str = Field(description="done, waiting, declined")
    asked_at: datetime
    decided_at: datetime | None


class AdjustmentsAsk(PageAsk):
    """Which adjustments are asked for."""

    member_id: Id | None = None
    state: Literal["", "done", "waiting", "declined"] = ""


class LimitsIn(Schema):
    """How far points may move by hand."""

    model_config = ConfigDict(extra="forbid")

    adjust_max: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] | None = Field(
        None, description="Given or taken beyond it, they wait for a second person; null: none do."
    )
    handover_max: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] = Field(
        0, description="What a member may give to another at once; 0: nothing."
    )
    handover_day_max: Annotated[int, Field(ge=0, le=AMOUNT_MAX)] = Field(
        0, description="What a person may give to others in a day; 0: nothing."
    )


class LimitsOut(LimitsIn):
    """The limits in force."""


@router.post("/adjustments/bulk", **takes_lines("loyalty:write", AdjustmentIn))
def create_adjustments(request: ApiRequest) -> HttpResponse:
    """Give or take points by hand: one adjustment a line, exactly once by its key.

    What is taken must be usable now, all of it or none. Large ones are answered `waiting`.
    """

    def take(batch: Sequence[AdjustmentIn]) -> Sequence[AdjustmentOut | Refused]:
        return _adjusted(batch, Asker(api_key_id=request.auth.pk))

    return answer_lines(request, AdjustmentIn, take)


@router.get("/adjustments", response=Page[AdjustmentOut], **reads("loyalty:read"))
def list_adjustments(request: ApiRequest, ask: Query[AdjustmentsAsk]) -> Page[AdjustmentOut]:
    """Adjustments, newest first, of one member or in one state where asked."""
    rows = seen(Adjustment, request.auth).select_related("member", "unit")
    if ask.member_id is not None:
        rows = rows.filter(member_id=ask.member_id)
    if ask.state:
        rows = rows.filter(state=ask.state)
    return page_of(rows, ask, order="-id", shape=_shaped)


@router.get("/adjustments/{adjustment_id}", response=AdjustmentOut, **reads("loyalty:read"))
def get_adjustment(request: ApiRequest, adjustment_id: Id) -> AdjustmentOut:
    """One adjustment and what became of it."""
    rows = Adjustment.objects.select_related("member", "unit")
    return _shaped(get_seen(Adjustment, adjustment_id, seen_by=request.auth, rows=rows))


@router.get("/programs/{program_id}/limits", response=LimitsOut, **reads("loyalty:read"))
def get_limits(request: ApiRequest, program_id: Id) -> LimitsOut:
    """How far points may move by hand."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return LimitsOut.model_validate(program, from_attributes=True)


@router.put("/programs/{program_id}/limits", response=LimitsOut, **writes("loyalty:write"))
def put_limits(request: ApiRequest, program_id: Id, entry: LimitsIn) -> LimitsOut:
    """Set how far points may move by hand, from now on; what waits goes on waiting."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    set_limits(program, LimitsInput(**entry.model_dump()))
    return LimitsOut.model_validate(program, from_attributes=True)


def _adjusted(batch: Sequence[AdjustmentIn], asker: Asker) -> Sequence[AdjustmentOut | Refused]:
    """The answers, in the order of the batch; each program's adjustments are made together."""
    rows = Member.objects.filter(number__in=[one.member for one in batch])
    members = {row.number: row for row in rows.select_related("program")}
    answers: dict[int, AdjustmentOut | Refused] = {}
    told: dict[Program, list[int]] = defaultdict(list)
    for place, one in enumerate(batch):
        if one.member in members:
            told[members[one.member].program].append(place)
        else:
            words = f"no card has the number {one.member}"
            answers[place] = Refused("unknown_member", words, "member")
    for program, places in told.items():
        entries = [_entry(batch[place], members[batch[place].member].pk) for place in places]
        made = adjust_points(program, entries, asker=asker, now=moment_of_now())
        answers.update(zip(places, _whole(made), strict=True))
    return [answers[place] for place in range(len(batch))]


def _entry(one: AdjustmentIn, member_id: int) -> AdjustmentInput:
    return AdjustmentInput(
        key=f"api:{one.key}",
        member_id=member_id,
        unit=one.unit,
        amount=one.amount,
        reason=one.reason,
        note=one.note,
        ends_at=one.ends_at,
    )


def _whole(made: Sequence[Adjustment | Refused]) -> list[AdjustmentOut | Refused]:
    ids = [one.pk for one in made if isinstance(one, Adjustment)]
    rows = Adjustment.objects.select_related("member", "unit").in_bulk(ids)
    return [one if isinstance(one, Refused) else _shaped(rows[one.pk]) for one in made]


def _shaped(row: Adjustment) -> AdjustmentOut:
    return AdjustmentOut(
        id=row.pk,
        key=row.key.removeprefix("api:"),
        member=row.member.number,
        unit=row.unit.code,
        amount=row.amount,
        reason=row.reason,
        note=row.note,
        ends_at=row.ends_at,
        state=row.state,
        asked_at=row.asked_at,
        decided_at=row.decided_at,
    )
