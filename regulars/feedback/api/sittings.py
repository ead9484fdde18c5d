"""Respondents on their way: sittings, dispositions with the rates of the standard, and quotas."""

from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.feedback.actions.quotas import PLACES_MAX, remove_quota, set_quota
from regulars.feedback.actions.sittings import end_sittings
from regulars.feedback.models import Quota, Sitting, Survey
from regulars.feedback.queries.sittings import response_of
from regulars.feedback.rules.dispositions import AAPOR

router = Router(tags=["Feedback"])


class SittingOut(Schema):
    """One respondent's way through a survey, with the answers so far."""

    id: int
    key: str
    survey_id: int
    version_id: int
    invitation_id: int | None
    customer_id: int | None
    store_id: int | None
    answer_id: int | None
    language: str
    channels: list[str]
    values: dict[str, Any]
    position: str
    disposition: str
    reason: str
    opened_at: datetime
    started_at: datetime | None
    last_at: datetime
    ended_at: datetime | None

    @staticmethod
    def resolve_values(sitting: Sitting) -> dict[str, Any]:
        """The answers so far; none where anonymity was promised."""
        return {} if sitting.version.is_anonymous else sitting.values

    @staticmethod
    def resolve_position(sitting: Sitting) -> str:
        """The page or question reached; none where anonymity was promised."""
        return "" if sitting.version.is_anonymous else sitting.position


class SittingAsk(PageAsk):
    """Which sittings are asked for."""

    survey_id: Id | None = None
    disposition: Annotated[str, Field(max_length=20)] = ""


class EndIn(Schema):
    """How an attempt ended without an answer, as an interviewer would note it."""

    disposition: Annotated[str, Field(max_length=20, examples=["refused"])]
    reason: Annotated[str, Field(max_length=100)] = ""


class DispositionOut(Schema):
    """A disposition, the group of AAPOR's standard it counts in, and how many there are."""

    disposition: str
    group: str
    count: int


class ResponseOut(Schema):
    """How everybody who was asked stands, and every rate by its name, from 0 to 1."""

    dispositions: list[DispositionOut]
    rates: dict[str, float | None]
    not_asked: dict[str, int]
    open_respondents: dict[str, int]


class QuotaIn(Schema):
    """How many answers of one kind are taken; the condition is an expression of the survey."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    places: Annotated[int, Field(ge=0, le=PLACES_MAX)]
    condition: Annotated[str, Field(max_length=2000, examples=["{nps} <= 6"])] = ""


class QuotaOut(Schema):
    """A quota and how many places are taken."""

    id: int
    name: str
    condition: str
    places: int
    taken: int


@router.get("/sittings", response=Page[SittingOut], **reads("answers:read"))
def list_sittings(request: ApiRequest, ask: Query[SittingAsk]) -> Page[SittingOut]:
    """The sittings, newest first, narrowed by survey and disposition."""
    rows = seen(Sitting, request.auth).select_related("version")
    if ask.survey_id is not None:
        rows = rows.filter(survey=ask.survey_id)
    if ask.disposition:
        rows = rows.filter(disposition=ask.disposition)
    return page_of(rows, ask, shape=SittingOut.from_orm)


@router.post("/sittings/{int:sitting_id}/end", response=SittingOut, **writes("answers:write"))
def end_one_sitting(request: ApiRequest, sitting_id: int, end: EndIn) -> Sitting:
    """Ends a sitting without an answer, such as a refusal; one that has ended stays as it is."""
    sitting = get_seen(Sitting, sitting_id, seen_by=request.auth)
    end_sittings([sitting.pk], end.disposition, now=timezone.now(), reason=end.reason)
    sitting.refresh_from_db()
    return sitting


@router.get("/surveys/{int:survey_id}/response", response=ResponseOut, **reads("answers:read"))
def get_response(request: ApiRequest, survey_id: int) -> ResponseOut:
    """The dispositions of a survey and its response, contact, cooperation and refusal rates."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    found = response_of(survey.pk, seen_by=request.auth, now=timezone.now())
    return ResponseOut(
        dispositions=[
            DispositionOut(disposition=name, group=AAPOR.get(name, "not_eligible"), count=count)
            for name, count in found.counts.items()
        ],
        rates=found.rates,
        not_asked=dict(found.not_asked),
        open_respondents=dict(found.open_counts),
    )


@router.get("/surveys/{int:survey_id}/quotas", response=list[QuotaOut], **reads("surveys:read"))
def list_quotas(request: ApiRequest, survey_id: int) -> list[Quota]:
    """The quotas of a survey with the places that are taken."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    return list(Quota.objects.filter(survey=survey).order_by("pk"))


@router.put("/surveys/{int:survey_id}/quotas", response=QuotaOut, **writes("surveys:write"))
def put_quota(request: ApiRequest, survey_id: int, quota: QuotaIn) -> Quota:
    """The quota of that name, new or changed; fewer places than are taken is refused."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    return set_quota(survey, name=quota.name, places=quota.places, condition=quota.condition)


@router.delete(
    "/surveys/{int:survey_id}/quotas/{int:quota_id}",
    response={204: None},
    **writes("surveys:write"),
)
def delete_quota(request: ApiRequest, survey_id: int, quota_id: int) -> None:
    """Takes a quota away; the answers stay."""
    remove_quota(get_seen(Survey, survey_id, seen_by=request.auth), quota_id=quota_id)
