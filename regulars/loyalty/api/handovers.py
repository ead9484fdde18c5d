"""Points that members give to each other."""

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
from regulars.loyalty.actions.handing import hand_over_points
from regulars.loyalty.models import Handover, Member

router = Router(tags=["Loyalty"])
Card = Annotated[str, Field(pattern=r"^[0-9]{1,19}$", description="The number of the card.")]


class HandoverIn(Schema):
    """Points that one member gives to another. `key` names the handover for ever."""

    key: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
    giver: Card
    taker: Card
    amount: Annotated[int, Field(ge=1, le=10**12)]
    unit: Annotated[str, Field(max_length=30)] = ""


class HandoverOut(Schema):
    """Points that changed hands."""

    id: int
    key: str
    giver: str
    taker: str
    unit: str
    amount: int
    at: datetime
    kind: str = Field(
        description="gift; or of a household: draw, back (what came back of one), stay (on leaving)."
    )


class HandoversAsk(PageAsk):
    """Whose handovers are asked for."""

    giver_id: Id | None = None
    taker_id: Id | None = None


@router.post("/handovers", response={201: HandoverOut}, **writes("loyalty:write"))
def create_handover(request: ApiRequest, entry: HandoverIn) -> Status[HandoverOut]:
    """Give points of one member to another, with their own dates: all of them or none.

    Only where the program's limits allow it.
    """
    members = Member.objects.filter(number__in=[entry.giver, entry.taker]).in_bulk(
        field_name="number"
    )
    for side, number in (("giver", entry.giver), ("taker", entry.taker)):
        if number not in members:
            raise Refused("unknown_card", f"no card has the number {number}", side)
    made = hand_over_points(
        members[entry.giver],
        members[entry.taker],
        entry.amount,
        key=f"api:{entry.key}",
        now=moment_of_now(),
        unit=entry.unit,
    )
    return Status(201, _shaped(made))


@router.get("/handovers", response=Page[HandoverOut], **reads("loyalty:read"))
def list_handovers(request: ApiRequest, ask: Query[HandoversAsk]) -> Page[HandoverOut]:
    """Handovers, newest first, of one giver or taker where asked."""
    rows = seen(Handover, request.auth).select_related("giver", "taker", "unit")
    if ask.giver_id is not None:
        rows = rows.filter(giver_id=ask.giver_id)
    if ask.taker_id is not None:
        rows = rows.filter(taker_id=ask.taker_id)
    return page_of(rows, ask, order="-id", shape=_shaped)


@router.get("/handovers/{handover_id}", response=HandoverOut, **reads("loyalty:read"))
def get_handover(request: ApiRequest, handover_id: Id) -> HandoverOut:
    """One handover."""
    rows = Handover.objects.select_related("giver", "taker", "unit")
    return _shaped(get_seen(Handover, handover_id, seen_by=request.auth, rows=rows))


def _shaped(row: Handover) -> HandoverOut:
    return HandoverOut(
        id=row.pk,
        key=row.key.removeprefix("api:"),
        giver=row.giver.number,
        taker=row.taker.number,
        unit=row.unit.code,
        amount=row.amount,
        at=row.at,
        kind=row.kind,
    )
