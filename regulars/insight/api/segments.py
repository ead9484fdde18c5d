"""Operations on segments: what they may ask, sizes before they are saved, members, and why."""

from typing import Any, Literal

from django.utils import timezone, translation
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Key, Moment
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.conditions.explaining import Explained
from regulars.core.conditions.forms import described, described_facts, described_open
from regulars.core.conditions.reading import parse
from regulars.core.errors import Refused
from regulars.customers.actions.segments import (
    SegmentInput,
    change_segment,
    create_segment,
    delete_segment,
    put_into_segment,
    take_out_of_segment,
)
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Segment, SegmentMember
from regulars.customers.queries.persons import leaders_of
from regulars.customers.queries.saying import in_words
from regulars.customers.queries.segments import (
    get_segment,
    members_among,
    members_of,
    sizes_of,
    why,
)
from regulars.insight.segments.sizes import overlap_of, size_of

router = Router(tags=["Segments"])

Kind = Literal["live", "static"]


class SegmentShape(Schema):
    """What a segment is."""

    name: str = Field(min_length=1, max_length=100, examples=["Coffee lovers who stay away"])
    name_ru: str = Field("", max_length=100)
    kind: Kind = "live"
    condition: dict[str, Any] | None = Field(
        None,
        description="In the condition language; a live segment has one, a static one has none.",
        examples=[{"did": "bought", "within": {"last_days": 30}}],
    )
    purpose: str = Field("", max_length=30, description="What its members may be contacted for.")
    is_on: bool = True


class SegmentIn(SegmentShape):
    """A segment that is to be made."""

    code: Key = Field(examples=["coffee_lovers"])


class SegmentOut(SegmentIn):
    """A segment, what it says, and how many people are in it."""

    id: Id
    version: int
    is_ready_made: bool
    sentence: str = Field(description="The condition in words; empty where it no longer fits.")
    size: int
    counted_at: Moment | None = Field(description="Null while its people are being found.")
    changed_at: Moment


class SegmentsOut(Schema):
    """All segments."""

    items: list[SegmentOut]


class PreviewAsk(Schema):
    """A condition that is not saved, and a segment or condition to compare it with."""

    condition: dict[str, Any] = Field(examples=[{"all": []}])
    other: dict[str, Any] | None = Field(None, description="Another condition.")
    other_code: str = Field("", max_length=50, description="Or the code of a live segment.")


class OverlapOut(Schema):
    """How many people are in both; `jaccard` is their share of those who are in either."""

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    jaccard: float | None


class PreviewOut(Schema):
    """Who a condition holds for now."""

    size: int
    everybody: int
    sample: list[Id] = Field(description="Ten of them at most.")
    sentence: str
    counted_at: Moment
    pending: int = Field(description="0 where the size is exact; else changes not counted yet.")
    overlap: OverlapOut | None


class SegmentMemberOut(Schema):
    """A person in a segment."""

    customer_id: Id
    name: str
    entered_at: Moment


class MembersIn(Schema):
    """Customers by our ids."""

    customer_ids: list[Id] = Field(min_length=1, max_length=10_000)


class CountOut(Schema):
    """How many people it made a difference to."""

    changed: int


class ReasonOut(Schema):
    """One part of a condition: its truth (null is unknown), what was found, and its own parts."""

    kind: Literal["test", "did", "all", "any", "not"]
    sentence: str
    truth: bool | None
    found: Any = None
    moments: list[Moment]
    parts: list["ReasonOut"]


class WhyOut(Schema):
    """Why a person is in a segment or not."""

    customer_id: Id = Field(description="The person's leading record.")
    is_member: bool
    reason: ReasonOut | None = Field(description="Null for static segments.")
    changes_at: Moment | None = Field(description="When time alone will change the answer.")


class FieldsOut(Schema):
    """What conditions over customers may ask."""

    fields: list[dict[str, Any]]
    open_fields: list[dict[str, Any]] = Field(
        description="Values that programs name themselves, such as traits: a test names one in `key`"
        " and says in `as` what it is compared as."
    )
    facts: list[dict[str, Any]]


@router.get("/segments/fields", response=FieldsOut, **reads("segments:read"))
def list_segment_fields(request: ApiRequest) -> FieldsOut:
    """Fields and kinds of facts with their labels, operators and choices."""
    return FieldsOut(
        fields=described(CUSTOMER, words=translation),
        open_fields=described_open(CUSTOMER, words=translation),
        facts=described_facts(CUSTOMER, words=translation),
    )


@router.post("/segments/preview", response=PreviewOut, **writes("segments:read"))
def preview_segment(request: ApiRequest, ask: PreviewAsk) -> PreviewOut:
    """The exact size of a condition, ten people of it, and its overlap with another."""
    now = timezone.now()
    condition = parse(ask.condition, CUSTOMER, words=translation, path="condition")
    other: Any = ask.other
    if ask.other_code:
        other = get_segment(ask.other_code).condition
    found = size_of(condition, now=now)
    overlap = None
    if other is not None:
        compared = parse(other, CUSTOMER, words=translation, path="other")
        two = overlap_of(condition, compared, now=now)
        overlap = OverlapOut(
            first=two.first,
            second=two.second,
            both=two.both,
            only_first=two.first - two.both,
            only_second=two.second - two.both,
            jaccard=two.jaccard,
        )
    return PreviewOut(
        size=found.size,
        everybody=found.everybody,
        sample=list(found.sample),
        sentence=in_words(condition),
        counted_at=found.counted_at,
        pending=found.pending,
        overlap=overlap,
    )


@router.get("/segments", response=SegmentsOut, **reads("segments:read"))
def list_segments(request: ApiRequest) -> SegmentsOut:
    """Every segment with its size, in the order of their codes."""
    segments = list(Segment.objects.order_by("code"))
    sizes = sizes_of(segments)
    return SegmentsOut(items=[_shown(one, sizes[one.pk]) for one in segments])


@router.post("/segments", response={201: SegmentOut}, **writes("segments:write"))
def add_segment(request: ApiRequest, told: SegmentIn) -> Status[SegmentOut]:
    """Make a segment; its people are found within seconds."""
    made = create_segment(told.code, _told(told), now=timezone.now())
    return Status(201, _shown(made, 0))


@router.get("/segments/{code}", response=SegmentOut, **reads("segments:read"))
def show_segment(request: ApiRequest, code: str) -> SegmentOut:
    """One segment."""
    segment = get_segment(code)
    return _shown(segment, sizes_of([segment])[segment.pk])


@router.put("/segments/{code}", response=SegmentOut, **writes("segments:write"))
def replace_segment(request: ApiRequest, code: str, told: SegmentShape) -> SegmentOut:
    """Change a segment; with another condition its people are found anew."""
    segment = change_segment(get_segment(code), _told(told), now=timezone.now())
    return _shown(segment, sizes_of([segment])[segment.pk])


@router.delete("/segments/{code}", response={204: None}, **writes("segments:write"))
def remove_segment(request: ApiRequest, code: str) -> Status[None]:
    """Remove a segment and the record of who was in it."""
    delete_segment(get_segment(code))
    return Status(204, None)


@router.get("/segments/{code}/members", response=Page[SegmentMemberOut], **reads("segments:read"))
def list_segment_members(
    request: ApiRequest, code: str, ask: Query[PageAsk]
) -> Page[SegmentMemberOut]:
    """Who is in a segment now, the latest to come first."""
    return page_of(members_of(get_segment(code)), ask, shape=_member, order="-id")


@router.post("/segments/{code}/members", response=CountOut, **writes("segments:write"))
def add_segment_members(request: ApiRequest, code: str, told: MembersIn) -> CountOut:
    """Put customers into a static segment."""
    changed = put_into_segment(get_segment(code), told.customer_ids, now=timezone.now())
    return CountOut(changed=changed)


@router.post("/segments/{code}/members/remove", response=CountOut, **writes("segments:write"))
def remove_segment_members(request: ApiRequest, code: str, told: MembersIn) -> CountOut:
    """Take customers out of a static segment."""
    changed = take_out_of_segment(get_segment(code), told.customer_ids, now=timezone.now())
    return CountOut(changed=changed)


@router.get("/segments/{code}/why/{int:customer_id}", response=WhyOut, **reads("segments:read"))
def explain_membership(request: ApiRequest, code: str, customer_id: Id) -> WhyOut:
    """Why a person is in a segment or not, part by part with what was found."""
    segment = get_segment(code)
    is_member = bool(members_among(segment, [customer_id]))
    lead = leaders_of([customer_id]).get(customer_id, customer_id)
    if segment.kind == "static":
        return WhyOut(customer_id=lead, is_member=is_member, reason=None, changes_at=None)
    condition = parse(segment.condition, CUSTOMER)
    reason, changes_at = why(condition, customer_id, now=timezone.now(), words=translation)
    return WhyOut(
        customer_id=lead, is_member=is_member, reason=_reason(reason), changes_at=changes_at
    )


def _told(told: SegmentShape) -> SegmentInput:
    return SegmentInput(
        name=told.name,
        name_ru=told.name_ru,
        kind=told.kind,
        condition=told.condition,
        purpose=told.purpose,
        is_on=told.is_on,
    )


def _shown(segment: Segment, size: int) -> SegmentOut:
    return SegmentOut(
        id=segment.pk,
        code=segment.code,
        name=segment.name,
        name_ru=segment.name_ru,
        kind="static" if segment.kind == "static" else "live",
        condition=segment.condition if segment.kind == "live" else None,
        purpose=segment.purpose,
        is_on=segment.is_on,
        version=segment.version,
        is_ready_made=segment.is_ready_made,
        sentence=_sentence(segment),
        size=size,
        counted_at=segment.counted_at,
        changed_at=segment.changed_at,
    )


def _sentence(segment: Segment) -> str:
    if segment.kind == "static":
        return ""
    try:
        return in_words(parse(segment.condition, CUSTOMER))
    except Refused:
        return ""


def _member(row: SegmentMember) -> SegmentMemberOut:
    lead = row.customer.merged_into_id or row.customer_id
    return SegmentMemberOut(customer_id=lead, name=row.customer.name, entered_at=row.entered_at)


def _reason(part: Explained) -> ReasonOut:
    return ReasonOut(
        kind=part.kind,
        sentence=part.sentence,
        truth=part.truth,
        found=part.found,
        moments=list(part.moments),
        parts=[_reason(one) for one in part.parts],
    )
