"""Touchpoints, target models and passages for other programs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import BaseModel, ConfigDict, Field

from regulars.company.actions import meet_agents
from regulars.company.models import Store
from regulars.company.rules import ServedBy
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Key, Moment
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.models import Customer
from regulars.customers.queries import records_of
from regulars.journey.actions import (
    PassageInput,
    TargetInput,
    TouchpointInput,
    add_touchpoint,
    change_touchpoint,
    record_passages,
    set_target,
)
from regulars.journey.models import Passage, TargetModel, Touchpoint
from regulars.journey.queries import get_touchpoint, history_of, touchpoints

router = Router(tags=["Journey"])

Code = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]


class TouchpointOut(Schema):
    """A touchpoint: a place on the map, at one stage and on one channel."""

    id: Id
    code: str
    stage: str
    channel: str
    name: str
    name_ru: str
    fed_by: str = Field(description="What writes its passages: purchase, first_purchase, return.")


class TouchpointIn(BaseModel):
    """A touchpoint as you describe it; the code names it in other systems and stays."""

    model_config = ConfigDict(extra="forbid")

    code: Code
    stage: str = Field(max_length=30, examples=["purchase"])
    channel: str = Field(max_length=20, examples=["shop"])
    name: str = Field(min_length=1, max_length=100)
    name_ru: str = Field("", max_length=100)
    fed_by: str = Field("", max_length=20)


class TargetIn(BaseModel):
    """What should happen at a touchpoint, which measure tells, and the goal on its scale."""

    model_config = ConfigDict(extra="forbid")

    expectation: str = Field("", max_length=2000)
    expectation_ru: str = Field("", max_length=2000)
    measure: str = Field("", max_length=30, examples=["nps"])
    goal: Decimal | None = Field(None, ge=-1000, le=1000, decimal_places=2)


class TargetOut(Schema):
    """A target model and since when it is in force."""

    id: Id
    expectation: str
    expectation_ru: str
    measure: str
    goal: float | None
    valid_from: Moment


class PassageIn(BaseModel):
    """One customer going through one touchpoint once; `cause` names the fact and makes it unique."""

    model_config = ConfigDict(extra="forbid")

    touchpoint: Code
    at: Moment
    cause: Key
    customer_id: Id | None = None
    store: Key | None = Field(None, description="The code of the store.")
    served_by: ServedBy = ""


class PassageTaken(Schema):
    """Whether a passage is new, or was known by its cause."""

    cause: str
    created: bool


class PassageOut(Schema):
    """A passage."""

    id: Id
    touchpoint: str
    customer_id: Id | None
    store_id: Id | None
    served_by_id: Id | None
    at: Moment
    cause: str
    sample: bool


class PassageAsk(PageAsk):
    """Which passages are asked for."""

    touchpoint: str = Field("", max_length=60, description="The code of a touchpoint.")
    customer_id: Id | None = None


def _touchpoint(each: Touchpoint) -> TouchpointOut:
    return TouchpointOut(
        id=each.pk,
        code=each.code,
        stage=each.stage.key,
        channel=each.channel,
        name=each.name,
        name_ru=each.name_ru,
        fed_by=each.fed_by,
    )


def _target(each: TargetModel) -> TargetOut:
    return TargetOut(
        id=each.pk,
        expectation=each.expectation,
        expectation_ru=each.expectation_ru,
        measure=each.measure,
        goal=None if each.goal is None else float(each.goal),
        valid_from=each.valid_from,
    )


def _passage(each: Passage) -> PassageOut:
    return PassageOut(
        id=each.pk,
        touchpoint=each.touchpoint.code,
        customer_id=each.customer_id,
        store_id=each.store_id,
        served_by_id=each.served_by_id,
        at=each.at,
        cause=each.cause,
        sample=each.sample,
    )


@router.get("/touchpoints", response=Page[TouchpointOut], **reads("journey:read"))
def list_touchpoints(request: ApiRequest, ask: Query[PageAsk]) -> Page[TouchpointOut]:
    """The touchpoints on the map."""
    return page_of(touchpoints(), ask, order="id", shape=_touchpoint)


@router.post("/touchpoints", response={201: TouchpointOut}, **writes("journey:write"))
def create_touchpoint(request: ApiRequest, touchpoint: TouchpointIn) -> Status[TouchpointOut]:
    """Puts a touchpoint on the map; 409 when the code is taken."""
    made = add_touchpoint(TouchpointInput(**touchpoint.model_dump()))
    return Status(201, _touchpoint(made))


@router.get("/touchpoints/{touchpoint_id}", response=TouchpointOut, **reads("journey:read"))
def read_touchpoint(request: ApiRequest, touchpoint_id: Id) -> TouchpointOut:
    """One touchpoint."""
    return _touchpoint(get_seen(Touchpoint, touchpoint_id, seen_by=request.auth))


@router.put("/touchpoints/{touchpoint_id}", response=TouchpointOut, **writes("journey:write"))
def update_touchpoint(
    request: ApiRequest, touchpoint_id: Id, touchpoint: TouchpointIn
) -> TouchpointOut:
    """Moves or renames a touchpoint; its code stays what it was."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.auth)
    return _touchpoint(change_touchpoint(found, TouchpointInput(**touchpoint.model_dump())))


@router.get(
    "/touchpoints/{touchpoint_id}/target-models",
    response=Page[TargetOut],
    **reads("journey:read"),
)
def list_target_models(
    request: ApiRequest, touchpoint_id: Id, ask: Query[PageAsk]
) -> Page[TargetOut]:
    """The target models of a touchpoint; the first one is in force."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.auth)
    return page_of(history_of(found), ask, order="-valid_from", shape=_target)


@router.post(
    "/touchpoints/{touchpoint_id}/target-models",
    response={201: TargetOut},
    **writes("journey:write"),
)
def create_target_model(
    request: ApiRequest, touchpoint_id: Id, target: TargetIn
) -> Status[TargetOut]:
    """States anew what should happen at a touchpoint; in force from now on."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.auth)
    written = set_target(found, TargetInput(**target.model_dump()), now=timezone.now())
    return Status(201, _target(written))


@router.get("/passages", response=Page[PassageOut], **reads("journey:read"))
def list_passages(request: ApiRequest, ask: Query[PassageAsk]) -> Page[PassageOut]:
    """Passages, newest first, of one touchpoint or one customer where asked.

    A customer is asked for with all records that are merged with theirs.
    """
    rows = seen(Passage, request.auth).select_related("touchpoint")
    if ask.touchpoint:
        rows = rows.filter(touchpoint=get_touchpoint(ask.touchpoint))
    if ask.customer_id is not None:
        rows = rows.filter(customer_id__in=records_of(ask.customer_id))
    return page_of(rows, ask, order="-at", shape=_passage)


@router.post("/passages/bulk", **takes_lines("journey:write", PassageIn))
def create_passages(request: ApiRequest) -> HttpResponse:
    """Takes passages line by line; a cause that is known already changes nothing."""

    def take(items: Sequence[PassageIn]) -> list[PassageTaken | Refused]:
        return _take(items, request)

    return answer_lines(request, PassageIn, take)


@transaction.atomic
def _take(items: Sequence[PassageIn], request: ApiRequest) -> list[PassageTaken | Refused]:
    codes = {item.touchpoint for item in items}
    points = dict(Touchpoint.objects.filter(code__in=codes).values_list("code", "id"))
    named = {item.store for item in items if item.store}
    rows = seen(Store, request.auth).filter(code__in=named)
    stores = dict(rows.values_list("code", "id"))
    agents = meet_agents({item.served_by for item in items})
    asked = {item.customer_id for item in items if item.customer_id}
    known = set(Customer.objects.filter(pk__in=asked).values_list("pk", flat=True))
    inputs = [
        _input(item, points=points, stores=stores, agents=agents, known=known) for item in items
    ]
    written = iter(record_passages([each for each in inputs if isinstance(each, PassageInput)]))
    return [
        each if isinstance(each, Refused) else PassageTaken(cause=each.cause, created=next(written))
        for each in inputs
    ]


def _input(
    item: PassageIn,
    *,
    points: dict[str, int],
    stores: dict[str, int],
    agents: dict[str, int],
    known: set[int],
) -> PassageInput | Refused:
    if item.touchpoint not in points:
        return Refused("unknown_touchpoint", f"no touchpoint {item.touchpoint}", "touchpoint")
    if item.store and item.store not in stores:
        return Refused("unknown_store", f"no store {item.store}", "store")
    if item.customer_id and item.customer_id not in known:
        return Refused("unknown_customer", f"no customer {item.customer_id}", "customer_id")
    return PassageInput(
        touchpoint_id=points[item.touchpoint],
        at=item.at,
        cause=item.cause,
        customer_id=item.customer_id,
        store_id=stores[item.store] if item.store else None,
        served_by_id=agents.get(item.served_by),
    )
