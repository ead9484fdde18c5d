"""Points set aside for unfinished purchases."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router
from ninja.responses import Status

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.loyalty.actions import capture_hold, hold_points, release_hold
from regulars.loyalty.api.purchases import purchase_id_of
from regulars.loyalty.api.shapes import HoldCaptureIn, HoldIn, HoldOut, HoldsAsk
from regulars.loyalty.models import Hold, Member, Redemption

router = Router(tags=["Loyalty"])


@router.post("/holds", response={201: HoldOut}, **writes("loyalty:write"))
def create_hold(request: ApiRequest, entry: HoldIn) -> Status[HoldOut]:
    """Set points aside: nobody else can spend them, until they are captured, released or free.

    All of the amount or nothing, soonest expiring first.
    """
    now = moment_of_now()
    member = Member.objects.filter(number=entry.member).first()
    if member is None:
        raise Refused("unknown_member", f"no card has the number {entry.member}", "member")
    hold = hold_points(
        member,
        entry.amount,
        key=f"api:{entry.key}",
        ends_at=now + timedelta(minutes=entry.minutes),
        now=now,
        unit=entry.unit,
    )
    return Status(201, _shaped([hold])[0])


@router.get("/holds", response=Page[HoldOut], **reads("loyalty:read"))
def list_holds(request: ApiRequest, ask: Query[HoldsAsk]) -> Page[HoldOut]:
    """Holds, newest first, of one member or only open ones where asked."""
    rows = seen(Hold, request.auth).select_related("member", "unit")
    if ask.member_id is not None:
        rows = rows.filter(member_id=ask.member_id)
    if ask.open:
        rows = rows.filter(outcome="", ends_at__gt=moment_of_now())
    page = page_of(rows, ask, order="-id", shape=lambda hold: hold)
    return Page(items=_shaped(page.items), next_cursor=page.next_cursor)


@router.get("/holds/{hold_id}", response=HoldOut, **reads("loyalty:read"))
def get_hold(request: ApiRequest, hold_id: Id) -> HoldOut:
    """One hold and what became of it."""
    return _shaped([get_seen(Hold, hold_id, seen_by=request.auth)])[0]


@router.post("/holds/{hold_id}/capture", response=HoldOut, **writes("loyalty:write"))
def capture(request: ApiRequest, hold_id: Id, entry: HoldCaptureIn) -> HoldOut:
    """Spend what is held, or less of it: the rest is freed at once. Again changes nothing."""
    hold = get_seen(Hold, hold_id, seen_by=request.auth)
    bought = purchase_id_of(entry.purchase)
    capture_hold(hold, amount=entry.amount, purchase_id=bought, now=moment_of_now())
    return _shaped([hold])[0]


@router.post("/holds/{hold_id}/release", response=HoldOut, **writes("loyalty:write"))
def release(request: ApiRequest, hold_id: Id) -> HoldOut:
    """Free what is held, into the lots it came from. Again changes nothing."""
    hold = get_seen(Hold, hold_id, seen_by=request.auth)
    return _shaped([release_hold(hold, now=moment_of_now())])[0]


def _shaped(holds: Sequence[Hold]) -> list[HoldOut]:
    spent = dict(Redemption.objects.filter(hold__in=holds).values_list("hold_id", "pk"))
    return [
        HoldOut(
            id=hold.pk,
            key=hold.key.removeprefix("api:"),
            member=hold.member.number,
            unit=hold.unit.code,
            amount=hold.amount,
            held_at=hold.held_at,
            ends_at=hold.ends_at,
            outcome=hold.outcome,
            captured=hold.captured,
            ended_at=hold.ended_at,
            redemption_id=spent.get(hold.pk),
        )
        for hold in holds
    ]
