"""What other systems ask and say of shared identities, blocked values, limits and sources."""

from django.utils.timezone import now as moment_of_now
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Key, Moment
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.access import note_access
from regulars.customers.actions.beliefs import (
    block_value,
    rank_sources,
    set_limits,
    unblock_value,
)
from regulars.customers.api.matches import READ, WRITE, SharedOut
from regulars.customers.eyes import Eyes, eyes_of
from regulars.customers.models import BlockedValue, Identity
from regulars.customers.queries.beliefs import FIXED, limits_in_force, precedence
from regulars.customers.queries.matches import frequent_values, shared_identities
from regulars.customers.rules.sharing import Limit

router = Router(tags=["Matches"])


class SharedIdentityOut(Schema):
    """An identity that many people use, and why it joins nobody."""

    id: Id
    kind: str
    value: str
    reason: str = Field(examples=["limit"], description="limit, contradiction or blocked.")
    customer_id: Id = Field(description="The record that had it first.")


class BlockedIn(Schema):
    """A value that points to nobody in this company."""

    kind: Key = Field(max_length=50, examples=["phone"])
    value: str = Field(min_length=1, max_length=254, examples=["+74950000000"])


class BlockedOut(BlockedIn):
    """A value that is blocked, in its normal spelling."""

    id: Id
    at: Moment


class SuggestedOut(Schema):
    """Values that many records name and that join nobody."""

    items: list[SharedOut]


class LimitShape(Schema):
    """How many people may begin to use one identity of a kind, within so many days; null is ever."""

    kind: Key = Field(max_length=50, examples=["email"])
    people: int = Field(ge=1, le=10_000)
    days: int | None = Field(None, ge=1, le=10_000)


class IdentityLimitsShape(Schema):
    """Limits by kind. Kinds that are left out stay as they are."""

    items: list[LimitShape] = Field(max_length=100)


class PrecedenceIn(Schema):
    """Sources in the order in which they are believed, the first before all others."""

    sources: list[Key] = Field(max_length=200, examples=[["crm", "web"]])


class PrecedenceOut(PrecedenceIn):
    """The order, and the sources after them that are believed alike: who spoke last."""

    alike: list[str]


@router.get("/shared-identities", response=Page[SharedIdentityOut], **reads(READ))
def list_shared_identities(request: ApiRequest, ask: Query[PageAsk]) -> Page[SharedIdentityOut]:
    """Identities that many people use, the latest first; each with the reason."""
    eyes = eyes_of(request)
    page = page_of(shared_identities(), ask, shape=lambda row: _shared(row, eyes))
    note_access(request, {one.customer_id for one in page.items})
    return page


@router.get("/blocked-values", response=Page[BlockedOut], **reads(READ))
def list_blocked_values(request: ApiRequest, ask: Query[PageAsk]) -> Page[BlockedOut]:
    """Values that the company blocked, the latest first."""
    return page_of(BlockedValue.objects.all(), ask, shape=_blocked)


@router.get("/blocked-values/suggestions", response=SuggestedOut, **reads(READ))
def suggest_blocked_values(request: ApiRequest) -> SuggestedOut:
    """The values that the most records name and that join nobody: worth a look."""
    eyes = eyes_of(request)
    return SuggestedOut(
        items=[
            SharedOut(
                kind=one.kind, value=eyes.identity(0, one.kind, one.value), records=one.records
            )
            for one in frequent_values()
        ]
    )


@router.post("/blocked-values", response={201: BlockedOut}, **writes(WRITE))
def add_blocked_value(request: ApiRequest, told: BlockedIn) -> Status[BlockedOut]:
    """Block a value: it points to nobody, and whom it joined is parted again."""
    return Status(201, _blocked(block_value(told.kind, told.value, now=moment_of_now())))


@router.delete("/blocked-values/{int:blocked_id}", response={204: None}, **writes(WRITE))
def remove_blocked_value(request: ApiRequest, blocked_id: Id) -> Status[None]:
    """Have a value point to people again."""
    found = get_seen(BlockedValue, blocked_id, seen_by=request.auth)
    unblock_value(found.pk, now=moment_of_now())
    return Status(204, None)


@router.get("/identity-limits", response=IdentityLimitsShape, **reads(READ))
def list_limits(request: ApiRequest) -> IdentityLimitsShape:
    """The limit of every kind of identity in force."""
    return IdentityLimitsShape(
        items=[
            LimitShape(kind=kind, people=limit.people, days=limit.days)
            for kind, limit in limits_in_force().items()
        ]
    )


@router.patch("/identity-limits", response=IdentityLimitsShape, **writes(WRITE))
def change_limits(request: ApiRequest, told: IdentityLimitsShape) -> IdentityLimitsShape:
    """Set limits; who is one person follows soon, also where a lower limit parts people."""
    set_limits({one.kind: Limit(one.people, one.days) for one in told.items})
    return list_limits(request)


@router.get("/source-precedence", response=PrecedenceOut, **reads(READ))
def show_precedence(request: ApiRequest) -> PrecedenceOut:
    """Which source is believed where two disagree."""
    found = precedence()
    return PrecedenceOut(sources=found.ranked, alike=found.alike)


@router.put("/source-precedence", response=PrecedenceOut, **writes(WRITE))
def change_precedence(request: ApiRequest, told: PrecedenceIn) -> PrecedenceOut:
    """Believe sources in this order; profiles follow soon."""
    if fixed := [one for one in told.sources if one in FIXED]:
        raise Refused("fixed_place", f"{fixed[0]} has a place of its own", "sources")
    rank_sources(told.sources)
    return show_precedence(request)


def _shared(row: Identity, eyes: Eyes) -> SharedIdentityOut:
    return SharedIdentityOut(
        id=row.pk,
        kind=row.kind,
        value=eyes.identity(row.customer_id, row.kind, row.value),
        reason=row.shared,
        customer_id=row.customer_id,
    )


def _blocked(row: BlockedValue) -> BlockedOut:
    return BlockedOut(id=row.pk, kind=row.kind, value=row.value, at=row.at)
