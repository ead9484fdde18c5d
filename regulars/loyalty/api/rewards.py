"""The catalogue of rewards, and what members choose from it."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.utils.timezone import now as moment_of_now
from ninja import Query, Router
from ninja.responses import Status

from regulars.company.models import Store
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, page_of
from regulars.core.api.fields import Id
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.loyalty.actions.rewards import (
    RewardInput,
    advance_orders,
    cancel_order,
    order_reward,
    set_reward,
)
from regulars.loyalty.api.promo import program_named
from regulars.loyalty.api.reward_shapes import (
    OrdersAsk,
    OrderStepIn,
    RewardIn,
    RewardOrderIn,
    RewardOrderOut,
    RewardOut,
    RewardsAsk,
)
from regulars.loyalty.models import Member
from regulars.loyalty.models.rewards import Reward, RewardOrder
from regulars.loyalty.queries.rewards import Shown, catalogue_for

router = Router(tags=["Rewards"])

WHOLE = ("reward", "member", "promo_code", "value")
"""What the shape of an order needs beside its row."""


@router.get("/rewards", response=list[RewardOut], **reads("loyalty:read"))
def list_rewards(request: ApiRequest, ask: Query[RewardsAsk]) -> list[RewardOut]:
    """The catalogue; for a card, with its price and why a reward may not be chosen now."""
    rows = seen(Reward, request.auth).select_related("program", "unit")
    if ask.program:
        rows = rows.filter(program__code=ask.program)
    member = _member(ask.member) if ask.member else None
    if member is not None:
        rows = rows.filter(program=member.program_id)
    listed = list(rows.order_by("position", "id"))
    return [_reward(one) for one in catalogue_for(listed, member, now=moment_of_now())]


@router.post("/rewards", response={201: RewardOut}, **writes("loyalty:write"))
def put_reward(request: ApiRequest, entry: RewardIn) -> Status[RewardOut]:
    """Put a reward into the catalogue, or change the one of that code."""
    told = RewardInput(**entry.model_dump(exclude={"program"}))
    now = moment_of_now()
    reward = set_reward(program_named(entry.program), told, now=now)
    return Status(201, _reward(catalogue_for([reward], None, now=now)[0]))


@router.get("/reward-orders", response=Page[RewardOrderOut], **reads("loyalty:read"))
def list_reward_orders(request: ApiRequest, ask: Query[OrdersAsk]) -> Page[RewardOrderOut]:
    """What members chose, newest first, of one card or in one state where asked."""
    rows = seen(RewardOrder, request.auth).select_related(*WHOLE)
    if ask.member:
        rows = rows.filter(member__number=ask.member)
    if ask.state:
        rows = rows.filter(state=ask.state)
    return page_of(rows, ask, order="-id", shape=_order)


@router.post("/reward-orders", response={201: RewardOrderOut}, **writes("loyalty:write"))
def create_reward_order(request: ApiRequest, entry: RewardOrderIn) -> Status[RewardOrderOut]:
    """A member chooses a reward and pays with points: all of it or nothing, once by key."""
    reward = get_seen(Reward, entry.reward_id, seen_by=request.auth)
    store = seen(Store, request.auth).filter(code=entry.store).first() if entry.store else None
    if entry.store and store is None:
        raise Refused("unknown_store", f"no store is called {entry.store!r}", "store")
    order = order_reward(
        _member(entry.member),
        reward,
        key=f"api:{entry.key}",
        now=moment_of_now(),
        store_id=store.pk if store else None,
    )
    return Status(201, _order(order))


@router.post("/reward-orders/steps", **takes_lines("loyalty:write", OrderStepIn))
def create_steps(request: ApiRequest) -> HttpResponse:
    """Orders are ready to be fetched, or delivered: one a line; repeats are harmless."""

    def take(batch: Sequence[OrderStepIn]) -> Sequence[RewardOrderOut | Refused]:
        now = moment_of_now()
        mine = {
            one.pk
            for one in seen(RewardOrder, request.auth).filter(
                pk__in=[one.order_id for one in batch]
            )
        }
        for state in ("ready", "delivered"):
            for note in {one.note for one in batch if one.state == state}:
                ids = [
                    one.order_id
                    for one in batch
                    if (one.state, one.note) == (state, note) and one.order_id in mine
                ]
                advance_orders(ids, state, now=now, note=note)
        rows = RewardOrder.objects.select_related(*WHOLE).in_bulk(mine)
        nothing = NotFound("unknown_order", "no order has this id", "order_id")
        return [_order(rows[one.order_id]) if one.order_id in rows else nothing for one in batch]

    return answer_lines(request, OrderStepIn, take)


@router.post("/reward-orders/{order_id}/cancel", response=RewardOrderOut, **writes("loyalty:write"))
def cancel_reward_order(request: ApiRequest, order_id: Id) -> RewardOrderOut:
    """Take a reward back: the points return to their lots, the piece to the stock. Once."""
    order = get_seen(RewardOrder, order_id, seen_by=request.auth)
    return _order(cancel_order(order, now=moment_of_now()))


def _member(number: str) -> Member:
    member = Member.objects.select_related("program").filter(number=number).first()
    if member is None:
        raise Refused("unknown_member", f"no card has the number {number}", "member")
    return member


def _reward(shown: Shown) -> RewardOut:
    row = shown.reward
    return RewardOut(
        id=row.pk,
        program=row.program.code,
        code=row.code,
        kind=row.kind,
        name=row.name,
        words=row.words,
        category=row.category,
        unit=row.unit.code,
        price=shown.price,
        left=shown.left,
        obstacle=shown.obstacle,
    )


def _order(row: RewardOrder) -> RewardOrderOut:
    given = row.promo_code or row.value
    return RewardOrderOut(
        id=row.pk,
        key=row.key.removeprefix("api:"),
        reward=row.reward.code,
        kind=row.reward.kind,
        member=row.member.number,
        price=row.price,
        state=row.state,
        given_code=given.code if given else "",
        ordered_at=row.ordered_at,
    )
