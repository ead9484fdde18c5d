"""Sources of events, tracking plans and dead letters, for other programs."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from regulars.connectors.actions import (
    SourceWish,
    change_event_source,
    close_event_source,
    discard_dead_letters,
    open_event_source,
    publish_plan,
    renew_write_key,
    reopen_event_source,
    resend_dead_letters,
)
from regulars.connectors.models import DeadLetter, EventSource, TrackingPlan
from regulars.connectors.watching import event_sources
from regulars.core.access import get_seen
from regulars.core.api import ApiRequest, Id, Moment, Page, PageAsk, page_of, reads, writes
from regulars.core.errors import Forbidden

router = Router(tags=["Events"])


class SourceIn(Schema):
    """What a source of events should be like."""

    name: str = Field(max_length=200, examples=["Web shop"])
    mode: str = Field("observe", description="observe, flag or block what breaks the plan.")
    orders_become_purchases: bool = False
    store_code: str = Field("", max_length=50, description="Of the purchases of its orders.")
    origins: list[str] = Field([], max_length=50, examples=[["https://shop.example"]])


class NewSourceIn(SourceIn):
    """A source of events that is not there yet."""

    code: str = Field(max_length=40, examples=["web"], description="Names it for ever.")


class SourceOut(SourceIn):
    """A source of events with its write key."""

    id: Id
    code: str
    write_key: str
    created_at: Moment
    closed_at: Moment | None


class TrackingPlanIn(Schema):
    """A version of a tracking plan."""

    source_id: Id | None = Field(
        None, description="Null: for all sources without one of their own."
    )
    schemas: dict[str, Any] = Field(
        examples=[{"Coupon Applied": {"type": "object", "required": ["coupon"]}}],
        description="JSON schemas by event name, or by $identify, $page, $screen, $group.",
    )
    only_planned: bool = Field(False, description="Whether other event names break the plan.")
    note: str = Field("", max_length=300)


class TrackingPlanOut(TrackingPlanIn):
    """A published version."""

    id: Id
    version: int
    published_at: Moment


class LetterAsk(PageAsk):
    """Which dead letters are asked for."""

    state: str = Field("waiting", description="waiting, accepted, resent or discarded.")


class LetterOut(Schema):
    """An event that broke a rule."""

    id: Id
    source_id: Id
    message_id: str
    type: str
    name: str
    reason: str
    path: str
    rule: str
    plan_id: Id | None
    state: str
    received_at: Moment
    body: str = Field(description="The event as JSON text.")


class LettersIn(Schema):
    """Dead letters by their ids."""

    ids: list[Id] = Field(min_length=1, max_length=1_000)
    edited: dict[str, dict[str, Any]] = Field({}, description="Repaired events by id.")


class LettersOut(Schema):
    """What became of them; those that fail again say why."""

    settled: int
    failing: list[LetterOut] = []


@router.get("/event-sources", response=Page[SourceOut], **reads("events:read"))
def list_event_sources(request: ApiRequest, ask: Query[PageAsk]) -> Page[SourceOut]:
    """Sources of events, the newest first."""
    _see_all_stores(request)
    return page_of(event_sources(), ask, shape=SourceOut.from_orm)


@router.post("/event-sources", response={201: SourceOut}, **writes("events:write"))
def create_event_source(request: ApiRequest, told: NewSourceIn) -> Status[SourceOut]:
    """Open a source; the answer has its write key."""
    _see_all_stores(request)
    made = open_event_source(told.code, _wish(told), now=timezone.now())
    return Status(201, SourceOut.from_orm(made))


@router.put("/event-sources/{event_source_id}", response=SourceOut, **writes("events:write"))
def change_source(request: ApiRequest, event_source_id: Id, told: SourceIn) -> SourceOut:
    """Have a source be like this."""
    source = _source(request, event_source_id)
    change_event_source(source, _wish(told), now=timezone.now())
    return SourceOut.from_orm(source)


@router.post("/event-sources/{event_source_id}/key", response=SourceOut, **writes("events:write"))
def renew_key(request: ApiRequest, event_source_id: Id) -> SourceOut:
    """A new write key; the old one lets nobody in any more."""
    source = _source(request, event_source_id)
    renew_write_key(source, now=timezone.now())
    return SourceOut.from_orm(source)


@router.post("/event-sources/{event_source_id}/close", response=SourceOut, **writes("events:write"))
def close_source(request: ApiRequest, event_source_id: Id) -> SourceOut:
    """Let nobody in by this source's key."""
    source = _source(request, event_source_id)
    close_event_source(source, now=timezone.now())
    return SourceOut.from_orm(source)


@router.post(
    "/event-sources/{event_source_id}/reopen", response=SourceOut, **writes("events:write")
)
def reopen_source(request: ApiRequest, event_source_id: Id) -> SourceOut:
    """Let the source's key in again."""
    source = _source(request, event_source_id)
    reopen_event_source(source, now=timezone.now())
    return SourceOut.from_orm(source)


@router.get("/tracking-plans", response=Page[TrackingPlanOut], **reads("events:read"))
def list_plans(request: ApiRequest, ask: Query[PageAsk]) -> Page[TrackingPlanOut]:
    """Published versions of tracking plans, the newest first."""
    _see_all_stores(request)
    return page_of(TrackingPlan.objects.all(), ask, shape=TrackingPlanOut.from_orm)


@router.post("/tracking-plans", response={201: TrackingPlanOut}, **writes("events:write"))
def create_plan(request: ApiRequest, told: TrackingPlanIn) -> Status[TrackingPlanOut]:
    """Publish a version; doors follow it within a second."""
    _see_all_stores(request)
    source = None if told.source_id is None else _source(request, told.source_id)
    made = publish_plan(
        told.schemas,
        source=source,
        only_planned=told.only_planned,
        note=told.note,
        now=timezone.now(),
    )
    return Status(201, TrackingPlanOut.from_orm(made))


@router.get("/dead-letters", response=Page[LetterOut], **reads("events:read"))
def list_dead_letters(request: ApiRequest, ask: Query[LetterAsk]) -> Page[LetterOut]:
    """Events that broke a rule, the newest first."""
    rows = _letters(request).filter(state=ask.state)
    return page_of(rows, ask, shape=LetterOut.from_orm)


@router.post("/dead-letters/resend", response=LettersOut, **writes("events:write"))
def resend(request: ApiRequest, told: LettersIn) -> LettersOut:
    """Send waiting dead letters again, as they are or repaired."""
    waiting = _letters(request).filter(pk__in=told.ids, state="waiting").count()
    edited = {int(id_): event for id_, event in told.edited.items() if id_.isdecimal()}
    failing = resend_dead_letters(told.ids, now=timezone.now(), edited=edited)
    return LettersOut(
        settled=waiting - len(failing), failing=[LetterOut.from_orm(one) for one in failing]
    )


@router.post("/dead-letters/discard", response=LettersOut, **writes("events:write"))
def discard(request: ApiRequest, told: LettersIn) -> LettersOut:
    """Put waiting dead letters aside for good."""
    _see_all_stores(request)
    return LettersOut(settled=discard_dead_letters(told.ids, now=timezone.now()))


def _see_all_stores(request: ApiRequest) -> None:
    """What sources send concerns all stores, so a key for some stores may not touch it."""
    if request.auth.store_ids is not None:
        raise Forbidden("all_stores_needed", "events need a key for all stores")


def _source(request: ApiRequest, event_source_id: int) -> EventSource:
    _see_all_stores(request)
    return get_seen(EventSource, event_source_id, seen_by=request.auth)


def _letters(request: ApiRequest) -> QuerySet[DeadLetter]:
    _see_all_stores(request)
    return DeadLetter.objects.all()


def _wish(told: SourceIn) -> SourceWish:
    return SourceWish(
        name=told.name,
        mode=told.mode,
        orders_become_purchases=told.orders_become_purchases,
        store_code=told.store_code,
        origins=tuple(told.origins),
    )
