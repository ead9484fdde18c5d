"""Links to results for other programs: list, make, end."""

from typing import Annotated, Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.fields import Moment
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.feedback.actions.sharing import DAYS_MAX, end_share, share_results
from regulars.feedback.models import ResultLink, Survey
from regulars.feedback.queries.sharing import shares_of, works

router = Router(tags=["Feedback"])


class ResultLinkIn(Schema):
    """For whom a link is, and for how many days it works."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Head office"])]
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] = 30


class ResultLinkOut(Schema):
    """A link to results; its address is told once, when it is made."""

    id: int
    name: str
    made_at: Moment
    expires_at: Moment
    is_working: bool


class NewResultLinkOut(ResultLinkOut):
    """A new link with its address."""

    url: str


@router.get(
    "/surveys/{int:survey_id}/result-links", response=list[ResultLinkOut], **reads("answers:read")
)
def list_result_links(request: ApiRequest, survey_id: int) -> list[ResultLinkOut]:
    """The links to the results of a survey, the newest first, a hundred at most."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    return [ResultLinkOut(**_told(one)) for one in shares_of(survey)[:100]]


@router.post(
    "/surveys/{int:survey_id}/result-links",
    response={201: NewResultLinkOut},
    **writes("surveys:write"),
)
def make_result_link(
    request: ApiRequest, survey_id: int, given: ResultLinkIn
) -> Status[NewResultLinkOut]:
    """A link to scores, response, stores and drivers as this key sees them; no words, no names."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    made = share_results(
        survey, name=given.name, days=given.days, seen_by=request.auth, now=timezone.now()
    )
    path = reverse("feedback.shared_results", args=[made.token])
    return Status(201, NewResultLinkOut(url=f"{settings.BASE_URL}{path}", **_told(made.link)))


@router.delete(
    "/surveys/{int:survey_id}/result-links/{int:result_link}",
    response=ResultLinkOut,
    **writes("surveys:write"),
)
def end_result_link(request: ApiRequest, survey_id: int, result_link: int) -> ResultLinkOut:
    """Ends a link before its day; a second time changes nothing."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    return ResultLinkOut(**_told(end_share(survey, result_link, now=timezone.now())))


def _told(link: ResultLink) -> dict[str, Any]:
    return {
        "id": link.pk,
        "name": link.name,
        "made_at": link.made_at,
        "expires_at": link.expires_at,
        "is_working": works(link, now=timezone.now()),
    }
