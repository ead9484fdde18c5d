"""Tracked events, for other programs."""

from typing import Any

from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import seen
from regulars.core.api import ApiRequest, Id, Moment, Page, PageAsk, page_of, reads
from regulars.core.errors import Forbidden
from regulars.customers.models import TrackedEvent
from regulars.customers.queries import leaders_of, persons_of

router = Router(tags=["Events"])


class TrackedAsk(PageAsk):
    """Which events are asked for."""

    customer_id: Id | None = Field(None, description="Events of the whole person.")
    source: str = Field("", max_length=50)
    name: str = Field("", max_length=254)


class TrackedOut(Schema):
    """One call of Segment's API as it stands on record."""

    id: Id
    source: str
    message_id: str
    type: str
    name: str
    customer_id: Id | None = Field(description="The record it came in by.")
    user_id: str
    anonymous_id: str
    at: Moment
    original_at: Moment | None
    sent_at: Moment | None
    received_at: Moment
    properties: dict[str, Any]
    context: dict[str, Any]
    is_flawed: bool


@router.get("/tracked-events", response=Page[TrackedOut], **reads("events:read"))
def list_tracked_events(request: ApiRequest, ask: Query[TrackedAsk]) -> Page[TrackedOut]:
    """Events, the latest recorded first; of a person, a source or a name where one is given."""
    if request.auth.store_ids is not None:
        raise Forbidden("all_stores_needed", "events need a key for all stores")
    rows = seen(TrackedEvent, request.auth)
    if ask.customer_id is not None:
        leader = leaders_of([ask.customer_id]).get(ask.customer_id, ask.customer_id)
        rows = rows.filter(customer_id__in=persons_of([leader]).get(leader, (leader,)))
    if ask.source:
        rows = rows.filter(source=ask.source)
    if ask.name:
        rows = rows.filter(name=ask.name)
    return page_of(rows, ask, shape=TrackedOut.from_orm)
