"""Operations on who is in a segment: how many may be contacted, and everybody as a file."""

from typing import Literal

from django.http import FileResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field

from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.customers.queries.segments import get_segment
from regulars.insight.segments.exporting import members_as_file
from regulars.insight.segments.reach import Reach, reach_of_segment

router = Router(tags=["Segments"])


class ChannelReachOut(Schema):
    """One channel: how many may be contacted, and by reason how many may not."""

    channel: str
    may: int
    no_address: int
    said_no: int
    not_agreed: int = Field(description="Where the purpose needs a yes.")


class ReachOut(Schema):
    """How many of a segment may be contacted for a purpose."""

    purpose: str
    everybody: int
    channels: list[ChannelReachOut] = Field(description="Empty where there is no such purpose.")


@router.get("/segments/{code}/reach", response=ReachOut, **reads("segments:read"))
def segment_reach(request: ApiRequest, code: str, purpose: str = "") -> ReachOut:
    """How many may be contacted for the segment's purpose, or another one, by channel."""
    segment = get_segment(code)
    wanted = purpose or segment.purpose
    found = reach_of_segment(segment, wanted, now=timezone.now())
    everybody = found[0].everybody if found else 0
    return ReachOut(purpose=wanted, everybody=everybody, channels=[_channel(one) for one in found])


@router.get("/segments/{code}/export", **reads("segments:read"))
def export_segment(
    request: ApiRequest, code: str, format: Literal["csv", "xlsx", "ndjson"] = "ndjson"
) -> FileResponse:
    """Everybody in a segment as a file: our numbers and since when, nothing personal."""
    return members_as_file(get_segment(code), format, now=timezone.localtime())


def _channel(one: Reach) -> ChannelReachOut:
    return ChannelReachOut(
        channel=one.channel,
        may=one.may,
        no_address=one.no_address,
        said_no=one.said_no,
        not_agreed=one.not_agreed,
    )
