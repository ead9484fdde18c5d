"""Ladders of tiers: their rules as versions, and tiers given by hand."""

from datetime import datetime
from typing import Annotated, Any

from django.utils.timezone import now as moment_of_now
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.fields import Id, Moment, Text
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.loyalty.actions import LadderInput, StepInput, give_tier, set_ladder
from regulars.loyalty.actions.reminding import LONGEST
from regulars.loyalty.actions.warning import set_warnings
from regulars.loyalty.models import Ladder, LadderVersion, Member, Program, Tier

router = Router(tags=["Loyalty"])
Code = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z0-9_-]+$")]
Amount = Annotated[int, Field(ge=0, le=10**15)]


class LadderStepIn(Schema):
    """A tier: what it takes to reach it and, if that is another amount, to keep it."""

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=50)]
    name_ru: Annotated[str, Field(max_length=50)] = ""
    minimum: Amount
    keep_min: Amount | None = None
    benefits: Annotated[list[Code], Field(max_length=50)] = []


class LadderIn(Schema):
    """The next version of a ladder. `rules` are described in the documentation of tiers."""

    name: Annotated[str, Field(min_length=1, max_length=50)]
    name_ru: Annotated[str, Field(max_length=50)] = ""
    rules: dict[str, Any] = {}
    steps: Annotated[list[LadderStepIn], Field(min_length=1, max_length=50)]


class LadderStepOut(Schema):
    """A tier of a ladder."""

    code: str
    name: Text
    minimum: int
    keep_min: int | None
    benefits: list[str]


class LadderOut(Schema):
    """A ladder in the version that is in force."""

    code: str
    name: Text
    is_main: bool
    version: int
    in_force_from: datetime
    rules: dict[str, Any]
    steps: list[LadderStepOut]
    warns_days: int | None = Field(
        description="How many days before a tier falls members hear of it; null: not at all."
    )


class WarningsIn(Schema):
    """How many days before a tier falls members hear of it; null: not at all."""

    days: Annotated[int, Field(ge=1, le=LONGEST)] | None


class GivenTierIn(Schema):
    """A tier given by hand. `key` names it for ever; without an end it lasts until taken away."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    tier: Code
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    to: Moment | None = None


class GivenTierOut(Schema):
    """A tier given by hand."""

    id: int
    tier: str
    since: datetime
    to: datetime | None
    reason: str


@router.get("/programs/{program_id}/ladders", response=list[LadderOut], **reads("loyalty:read"))
def list_ladders(request: ApiRequest, program_id: Id) -> list[LadderOut]:
    """The ladders of a program in the version in force, the main one first."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return [_ladder(row) for row in Ladder.objects.filter(program=program).order_by("position")]


@router.put(
    "/programs/{program_id}/ladders/{ladder}", response=LadderOut, **writes("loyalty:write")
)
def put_ladder(request: ApiRequest, program_id: Id, ladder: Code, entry: LadderIn) -> LadderOut:
    """A new version of a ladder, in force at once; members are judged by it soon after."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    steps = [
        StepInput(
            code=one.code,
            name=one.name,
            minimum=one.minimum,
            name_ru=one.name_ru,
            keep_min=one.keep_min,
            benefits=tuple(one.benefits),
        )
        for one in entry.steps
    ]
    told = LadderInput(ladder, entry.name, steps, entry.rules, entry.name_ru)
    return _ladder(set_ladder(program, told, now=moment_of_now()))


@router.put(
    "/programs/{program_id}/ladders/{ladder}/warnings",
    response=LadderOut,
    **writes("loyalty:write"),
)
def put_warnings(request: ApiRequest, program_id: Id, ladder: Code, entry: WarningsIn) -> LadderOut:
    """Have members hear that a tier is about to fall; letters pass the door of consents and budget.

    Each fall is told once, with what is missing to keep the tier and until when there is time.
    """
    program = get_seen(Program, program_id, seen_by=request.auth)
    row = Ladder.objects.filter(program=program, code=ladder).first()
    if row is None:
        raise NotFound("not_found", "the program has no such ladder", "ladder")
    return _ladder(set_warnings(row, entry.days))


@router.post(
    "/members/{member_id}/given-tiers", response={201: GivenTierOut}, **writes("loyalty:write")
)
def create_given_tier(
    request: ApiRequest, member_id: Id, entry: GivenTierIn
) -> Status[GivenTierOut]:
    """Give a member a tier by hand, up to an end or without one; the reason is kept."""
    member = get_seen(Member, member_id, seen_by=request.auth)
    tier = Tier.objects.filter(program_id=member.program_id, code=entry.tier).first()
    if tier is None:
        raise Refused("unknown_tier", f"the program has no tier {entry.tier!r}", "tier")
    given = give_tier(
        member,
        tier,
        key=f"api:{entry.key}",
        reason=entry.reason,
        now=moment_of_now(),
        to=entry.to,
    )
    return Status(
        201,
        GivenTierOut(
            id=given.pk, tier=tier.code, since=given.since, to=given.to, reason=given.reason
        ),
    )


def _ladder(row: Ladder) -> LadderOut:
    version = LadderVersion.objects.filter(ladder=row).order_by("-version").first()
    assert version is not None, "a ladder is made with its first version"
    tiers = Tier.objects.filter(ladder=row, is_retired=False).order_by("qualifying_min")
    keeping = {one["code"]: one.get("keep_min") for one in version.steps}
    return LadderOut(
        code=row.code,
        name=row.name,
        is_main=row.position == 0,
        version=version.version,
        in_force_from=version.in_force_from,
        rules=version.rules,
        warns_days=row.warns_days,
        steps=[
            LadderStepOut(
                code=tier.code,
                name=tier.name,
                minimum=tier.qualifying_min,
                keep_min=keeping.get(tier.code),
                benefits=tier.benefits,
            )
            for tier in tiers
        ],
    )
