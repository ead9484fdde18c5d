"""Rules as sentences, and campaigns with their budgets."""

from datetime import datetime
from typing import Annotated, Any

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Text
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions.campaigns import (
    CampaignInput,
    change_campaign,
    open_campaign,
    switch_campaign,
)
from regulars.loyalty.api.shapes import Code
from regulars.loyalty.models import Campaign, Program, Rule
from regulars.loyalty.queries.sentences import sentences_of

router = Router(tags=["Loyalty"])

Budget = Annotated[int | None, Field(ge=1, le=10**15, description="None where there is no end.")]


class CampaignIn(Schema):
    """A campaign: what its rules pay in, and how much in all."""

    program: Code
    code: Annotated[str, Field(min_length=1, max_length=49, examples=["spring"])]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    name_ru: Annotated[str, Field(max_length=100)] = ""
    unit: Code = "points"
    budget: Budget = None


class CampaignChangeIn(Schema):
    """What is to be different; what is left out stays."""

    name: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    name_ru: Annotated[str | None, Field(max_length=100)] = None
    budget: Budget = None
    is_open: bool | None = None


class CampaignOut(Schema):
    """A campaign and what is left of it, counted in the posting of receipts itself."""

    id: int
    program: str
    code: str
    name: Text
    unit: str
    budget: int | None
    spent: int
    left: int | None
    is_open: bool
    made_at: datetime


class ProgramAsk(PageAsk):
    """Of which program, or of all."""

    program: str = Field("", max_length=50)


class EarnRuleOut(Schema):
    """One version of an earn rule, with what it says in the language asked for."""

    id: int
    program: str
    code: str
    version: int
    name: Text
    kind: str
    settings: dict[str, Any] = Field(
        description="As a draft takes them; what is not named is as the mechanic has it by itself."
    )
    sentence: str
    in_force_from: datetime | None
    in_force_to: datetime | None


@router.get("/rules", response=Page[EarnRuleOut], **reads("loyalty:read"))
def list_rules(request: ApiRequest, ask: Query[ProgramAsk]) -> Page[EarnRuleOut]:
    """Earn rules with their versions, the newest first."""
    rows = seen(Rule, request.auth).select_related("program")
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    page = page_of(rows, ask, order="-id", shape=lambda rule: rule)
    told: dict[int, str] = {}
    for program in {rule.program for rule in page.items}:
        told |= sentences_of(program, [rule for rule in page.items if rule.program == program])
    return Page(items=[_rule(rule, told) for rule in page.items], next_cursor=page.next_cursor)


@router.get("/campaigns", response=Page[CampaignOut], **reads("loyalty:read"))
def list_campaigns(request: ApiRequest, ask: Query[ProgramAsk]) -> Page[CampaignOut]:
    """Campaigns with their budgets, the newest first."""
    rows = seen(Campaign, request.auth).select_related("program", "unit")
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    return page_of(rows, ask, order="-id", shape=_campaign)


@router.post("/campaigns", response={201: CampaignOut}, **writes("loyalty:write"))
def create_campaign(request: ApiRequest, entry: CampaignIn) -> Status[CampaignOut]:
    """Open a campaign; rules name it by its code."""
    program = Program.objects.filter(code=entry.program).first()
    if program is None:
        raise Refused("unknown_program", f"no program is called {entry.program!r}", "program")
    told = CampaignInput(entry.name, entry.unit, entry.budget, entry.name_ru)
    made = open_campaign(program, entry.code, told, now=moment_of_now())
    return Status(201, _campaign(made))


@router.patch("/campaigns/{campaign_id}", response=CampaignOut, **writes("loyalty:write"))
def update_campaign(request: ApiRequest, campaign_id: Id, entry: CampaignChangeIn) -> CampaignOut:
    """Another name or budget, or close it and open it again."""
    campaign = get_seen(Campaign, campaign_id, seen_by=request.auth)
    told = entry.model_dump(exclude_unset=True)
    changed = CampaignInput(
        name=told.get("name") or campaign.name,
        unit=campaign.unit.code,
        budget=told.get("budget", campaign.budget),
        name_ru=campaign.name_ru if told.get("name_ru") is None else told["name_ru"],
    )
    campaign = change_campaign(campaign, changed)
    if entry.is_open is not None:
        campaign = switch_campaign(campaign, is_open=entry.is_open)
    return _campaign(campaign)


def _campaign(campaign: Campaign) -> CampaignOut:
    return CampaignOut(
        id=campaign.pk,
        program=campaign.program.code,
        code=campaign.code,
        name=campaign.name,
        unit=campaign.unit.code,
        budget=campaign.budget,
        spent=campaign.spent,
        left=None if campaign.budget is None else campaign.budget - campaign.spent,
        is_open=campaign.is_open,
        made_at=campaign.made_at,
    )


def _rule(rule: Rule, told: dict[int, str]) -> EarnRuleOut:
    return EarnRuleOut(
        id=rule.pk,
        program=rule.program.code,
        code=rule.code,
        version=rule.version,
        name=rule.name,
        kind=rule.kind,
        settings=rule.settings,
        sentence=told[rule.pk],
        in_force_from=rule.in_force_from,
        in_force_to=rule.in_force_to,
    )
