"""What other systems tell and ask of people's rights: requests about their own data."""

from typing import Any, Literal

from django.utils.timezone import now as moment_of_now
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.customers.actions.privacy import open_privacy_request
from regulars.customers.models import PrivacyRequest
from regulars.customers.queries.privacy import requests

router = Router(tags=["Privacy"])
Kind = Literal["export", "correction", "restriction", "objection", "erasure"]


class PrivacyRequestIn(Schema):
    """What a person asks about their own data."""

    customer_id: Id
    kind: Kind
    verified: str = Field(
        "",
        max_length=200,
        examples=["signed in at the web shop"],
        description="How it is known that the person themselves asked; needed before it is done.",
    )
    note: str = Field("", max_length=1000)


class PrivacyRequestOut(Schema):
    """A request of a person about their own data, with its clock and what came of it."""

    id: Id
    customer_id: Id
    kind: Kind
    state: str = Field(examples=["open"], description="open, running, done, refused or failed.")
    verified: str
    asked_at: Moment
    due_at: Moment
    done_at: Moment | None
    result: dict[str, Any] = Field(description="Counts by table; nothing personal.")


class PrivacyAsk(PageAsk):
    """Which requests are asked for."""

    state: str = Field("", max_length=10, description="`open` for all that are not ended.")
    kind: str = Field("", max_length=20)


@router.get("/privacy/requests", response=Page[PrivacyRequestOut], **reads("privacy:read"))
def list_privacy_requests(request: ApiRequest, ask: Query[PrivacyAsk]) -> Page[PrivacyRequestOut]:
    """Requests of people about their own data, the newest first."""
    return page_of(requests(state=ask.state, kind=ask.kind), ask, shape=_shape, order="-id")


@router.get(
    "/privacy/requests/{int:request_id}", response=PrivacyRequestOut, **reads("privacy:read")
)
def show_privacy_request(request: ApiRequest, request_id: Id) -> PrivacyRequestOut:
    """One request, with what came of it."""
    return _shape(get_seen(PrivacyRequest, request_id, seen_by=request.auth))


@router.post("/privacy/requests", response={201: PrivacyRequestOut}, **writes("privacy:write"))
def ask_for_privacy(request: ApiRequest, asked: PrivacyRequestIn) -> Status[PrivacyRequestOut]:
    """Open a request; one of the same kind that is still open is given back instead.

    An employee does it: nothing is copied, corrected or erased by a program alone.
    """
    made = open_privacy_request(
        asked.customer_id,
        asked.kind,
        asked_by="program",
        verified=asked.verified,
        note=asked.note,
        now=moment_of_now(),
    )
    return Status(201, _shape(made))


def _shape(row: PrivacyRequest) -> PrivacyRequestOut:
    return PrivacyRequestOut(
        id=row.pk,
        customer_id=row.customer_id,
        kind=row.kind,  # type: ignore[arg-type]
        state=row.state,
        verified=row.verified,
        asked_at=row.asked_at,
        due_at=row.due_at,
        done_at=row.done_at,
        result=row.result,
    )
