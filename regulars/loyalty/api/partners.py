"""Partners of a program: their prices of a point, and what is settled with them month by month."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions.partners import (
    NAME_MAX,
    PRICE_MAX,
    PartnerInput,
    close_month,
    set_partner,
)
from regulars.loyalty.api.shapes import Code
from regulars.loyalty.models import Partner, Program
from regulars.loyalty.queries.partners import PartnerMonth, lines_of, months_of

router = Router(tags=["Loyalty"])

Price = Annotated[
    int, Field(ge=0, le=PRICE_MAX, description="Of one point, in minor units of the program.")
]
Month = Annotated[
    str,
    Field(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$", examples=["2026-10"], description="A month."),
]


class PartnerIn(Schema):
    """A partner by the name that rules and rewards have for it, with its prices of a point."""

    program: Code
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX, examples=["Coffee House"])]
    issue_price_minor: Price
    redeem_price_minor: Price


class PartnerOut(Schema):
    """A partner: what it owes for a point issued, and is owed for one redeemed."""

    id: int
    program: str
    name: str
    currency: str
    issue_price_minor: int
    redeem_price_minor: int
    made_at: datetime


class StatementOut(Schema):
    """A month with a partner in one unit; `owed_minor` is below zero where the partner is owed.

    One that is not closed yet stands at the prices of today.
    """

    month: str
    unit: str
    issued: int
    returned: int
    redeemed: int
    given_back: int
    issue_price_minor: int
    redeem_price_minor: int
    owed_minor: int
    closed_at: datetime | None


class StatementsOut(Schema):
    """All months with a partner, the newest first."""

    items: list[StatementOut]


class ClosingIn(Schema):
    """Which month is to be closed for good."""

    month: Month


class MovementOut(Schema):
    """A movement of a partner's points, by the number of its transfer or redemption."""

    at: datetime
    kind: Literal["issued", "returned", "redeemed", "given_back"]
    number: int
    unit: str
    points: int


class MovementsOut(Schema):
    """All movements of a month in the order in which they were booked."""

    items: list[MovementOut]


class PartnersAsk(PageAsk):
    """Of which program, or of all."""

    program: str = Field("", max_length=50)


class MonthAsk(Schema):
    """Which month is asked for."""

    month: Month


@router.get("/partners", response=Page[PartnerOut], **reads("loyalty:read"))
def list_partners(request: ApiRequest, ask: Query[PartnersAsk]) -> Page[PartnerOut]:
    """Partners with their prices, the newest first."""
    rows = seen(Partner, request.auth).select_related("program")
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    return page_of(rows, ask, order="-id", shape=_partner)


@router.put("/partners", response=PartnerOut, **writes("loyalty:write"))
def put_partner(request: ApiRequest, entry: PartnerIn) -> PartnerOut:
    """Make a partner, or give it other prices for all months that are not closed yet."""
    program = Program.objects.filter(code=entry.program).first()
    if program is None:
        raise Refused("unknown_program", f"no program is called {entry.program!r}", "program")
    told = PartnerInput(entry.name, entry.issue_price_minor, entry.redeem_price_minor)
    return _partner(set_partner(program, told, now=moment_of_now()))


@router.get("/partners/{partner_id}/statements", response=StatementsOut, **reads("loyalty:read"))
def list_statements(request: ApiRequest, partner_id: Id) -> StatementsOut:
    """Every month in which points moved with a partner, closed or as it stands."""
    partner = get_seen(Partner, partner_id, seen_by=request.auth)
    return StatementsOut(items=[_statement(one) for one in months_of(partner)])


@router.post("/partners/{partner_id}/statements", response=StatementsOut, **writes("loyalty:write"))
def close_statement(request: ApiRequest, partner_id: Id, entry: ClosingIn) -> StatementsOut:
    """Close a month with a partner for good; closed again, it stays as it was."""
    partner = get_seen(Partner, partner_id, seen_by=request.auth)
    month = month_of(entry.month)
    close_month(partner, month, now=moment_of_now())
    closed = [one for one in months_of(partner) if one.month == month]
    return StatementsOut(items=[_statement(one) for one in closed])


@router.get("/partners/{partner_id}/movements", response=MovementsOut, **reads("loyalty:read"))
def list_movements(request: ApiRequest, partner_id: Id, ask: Query[MonthAsk]) -> MovementsOut:
    """What a month's figures are made of, movement by movement; whose points they are stays here."""
    partner = get_seen(Partner, partner_id, seen_by=request.auth)
    lines = lines_of(partner, month_of(ask.month))
    return MovementsOut(
        items=[MovementOut.model_validate(one, from_attributes=True) for one in lines]
    )


def month_of(text: str) -> date:
    """The first day of a month as `Month` has it."""
    year, month = re.fullmatch(r"(\d{4})-(\d\d)", text).groups()  # type: ignore[union-attr]
    return date(int(year), int(month), 1)


def _partner(partner: Partner) -> PartnerOut:
    return PartnerOut(
        id=partner.pk,
        program=partner.program.code,
        name=partner.name,
        currency=partner.program.currency,
        issue_price_minor=partner.issue_price_minor,
        redeem_price_minor=partner.redeem_price_minor,
        made_at=partner.made_at,
    )


def _statement(one: PartnerMonth) -> StatementOut:
    return StatementOut(
        month=f"{one.month:%Y-%m}",
        unit=one.unit.code,
        **one.moved._asdict(),
        issue_price_minor=one.issue_price_minor,
        redeem_price_minor=one.redeem_price_minor,
        owed_minor=one.owed_minor,
        closed_at=one.closed_at,
    )
