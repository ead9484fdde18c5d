"""What other systems do with feedback: publish surveys, invite, send answers, read signals."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from regulars.company.actions import meet_agents
from regulars.company.models import Store
from regulars.company.rules import ServedBy
from regulars.core.access import get_seen, seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Key, Moment
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound, Refused
from regulars.customers.models import Customer
from regulars.feedback.actions.answers import (
    AnswerInput,
    AnswerRefused,
    Received,
    quota_is_full,
    receive_answers,
)
from regulars.feedback.actions.invitations import InvitationInput, invite
from regulars.feedback.actions.surveys import create_survey, publish_version
from regulars.feedback.models import Answer, Invitation, PublicLink, Signal, Survey, SurveyVersion
from regulars.feedback.queries.surveys import latest_version, latest_versions

router = Router(tags=["Feedback"])

INVITATIONS_MAX = 1000
Channel = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z_]+$", examples=["app"])]
Language = Annotated[str, Field(max_length=10, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,6})?$")]
StoreCode = Annotated[str, Field(max_length=50, description="The code of a store.")]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="SurveyJS JSON; the key `regulars` binds measures and the touchpoint.",
        examples=[
            {
                "elements": [{"type": "rating", "name": "nps", "rateMin": 0, "rateMax": 10}],
                "regulars": {"measures": {"nps": "nps"}},
            }
        ],
    ),
]


class SurveyIn(Schema):
    """A survey to be asked."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    definition: Definition


class VersionIn(Schema):
    """A definition to be asked from now on."""

    definition: Definition


class SurveyOut(Schema):
    """A survey without its questions."""

    id: int
    name: str
    is_open: bool
    created_at: datetime


class SurveyWhole(SurveyOut):
    """A survey with the definition that is asked now and the code of its public link."""

    version: int
    definition: dict[str, Any]
    public_code: str


class VersionOut(Schema):
    """A published version."""

    survey_id: int
    number: int
    published_at: datetime


class InvitationIn(Schema):
    """Whom to ask what, and because of what; the same cause never asks twice."""

    survey_id: Id
    cause: Annotated[str, Field(min_length=1, max_length=150, examples=["purchase:42"])]
    customer_id: Id
    channel: Annotated[str, Field(max_length=30, pattern=r"^[a-z_]*$")] = ""
    store: StoreCode = ""
    served_by: ServedBy = ""
    language: Annotated[str, Field(max_length=10)] = ""


class InvitationsIn(Schema):
    """Invitations to be sent together."""

    invitations: Annotated[list[InvitationIn], Field(min_length=1, max_length=INVITATIONS_MAX)]


class InvitedOut(Schema):
    """What became of one invitation; `withheld` says why it was not sent."""

    cause: str
    invitation_id: int
    is_new: bool
    withheld: str


class InvitedAll(Schema):
    """What became of each, in the order given."""

    invitations: list[InvitedOut]


class AnswerIn(Schema):
    """What one respondent said. The key names this answer, so that a repeat is harmless."""

    key: Key
    survey_id: Id
    values: Annotated[dict[str, Any], Field(examples=[{"nps": 9, "why": "Fast"}])]
    channel: Channel = "api"
    language: Language = "en"
    answered_at: Moment | None = None
    customer_id: Id | None = None
    invitation_id: Id | None = None
    store: StoreCode = ""
    served_by: ServedBy = ""


class ReceivedOut(Schema):
    """The answer on record, and whether this request put it there.

    An anonymous answer has no id: nobody can tell which of those in the box it is.
    """

    answer_id: int | None
    is_new: bool


class AnswerOut(Schema):
    """One answer with its values."""

    id: int
    key: str
    survey_id: int
    version_id: int
    customer_id: int | None
    store_id: int | None
    served_by_id: int | None
    values: dict[str, Any]
    language: str
    channel: str
    answered_at: datetime
    is_partial: bool
    duration_s: int | None
    flags: list[str]
    set_aside_at: datetime | None
    sample: bool


class SignalOut(Schema):
    """One piece of feedback: native score, its share of the scale, and the words."""

    id: int
    method: str
    channel: str
    touchpoint_id: int | None
    store_id: int | None
    served_by_id: int | None
    customer_id: int | None
    survey_id: int | None
    answer_id: int | None
    at: datetime
    measure: str
    native_score: float | None
    share: float | None
    text: str
    language: str
    is_unhappy: bool
    is_set_aside: bool = Field(description="No score counts it: its answer was set aside.")
    resolved_at: datetime | None
    sample: bool


class SignalAsk(PageAsk):
    """Which signals are asked for."""

    measure: Annotated[str, Field(max_length=20)] = ""
    unhappy: bool | None = None
    set_aside: Annotated[
        bool | None, Field(description="False leaves out those of answers that were set aside.")
    ] = None
    since: Moment | None = None


class AnswerAsk(PageAsk):
    """Which answers are asked for."""

    survey_id: Id | None = None
    without_doubts: Annotated[
        bool, Field(description="Leaves out answers that have flags or were set aside.")
    ] = False


@router.get("/surveys", response=Page[SurveyOut], **reads("surveys:read"))
def list_surveys(request: ApiRequest, ask: Query[PageAsk]) -> Page[SurveyOut]:
    """The surveys, newest first."""
    return page_of(seen(Survey, request.auth), ask, shape=SurveyOut.from_orm)


@router.get("/surveys/{int:survey_id}", response=SurveyWhole, **reads("surveys:read"))
def get_survey(request: ApiRequest, survey_id: int) -> SurveyWhole:
    """One survey with the definition that is asked now."""
    return _whole(get_seen(Survey, survey_id, seen_by=request.auth))


@router.post("/surveys", response={201: SurveyWhole}, **writes("surveys:write"))
def add_survey(request: ApiRequest, survey: SurveyIn) -> Status[SurveyWhole]:
    """A new survey with its first version; a definition that cannot be asked is refused."""
    made = create_survey(name=survey.name, definition=survey.definition, now=timezone.now())
    made.refresh_from_db()
    return Status(201, _whole(made))


@router.post(
    "/surveys/{int:survey_id}/versions", response={201: VersionOut}, **writes("surveys:write")
)
def add_version(request: ApiRequest, survey_id: int, version: VersionIn) -> Status[SurveyVersion]:
    """The definition that is asked from now on; the same one again changes nothing."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    return Status(201, publish_version(survey, definition=version.definition, now=timezone.now()))


@router.post("/invitations", response={201: InvitedAll}, **writes("invitations:write"))
def add_invitations(request: ApiRequest, batch: InvitationsIn) -> Status[InvitedAll]:
    """Invitations, each cause once; consent and contact budget decide which of them go out."""
    given = batch.invitations
    _must_exist(Customer, {one.customer_id for one in given}, request=request, field="customer_id")
    stores = _stores({one.store for one in given}, request=request)
    agents = meet_agents({one.served_by for one in given})
    invited = invite(
        [
            InvitationInput(
                survey_id=one.survey_id,
                cause=one.cause,
                customer_id=one.customer_id,
                channel=one.channel,
                store_id=stores.get(one.store),
                served_by_id=agents.get(one.served_by),
                language=one.language,
            )
            for one in given
        ],
        now=timezone.now(),
    )
    return Status(201, InvitedAll(invitations=[InvitedOut.from_orm(one) for one in invited]))


@router.post("/answers", response={201: ReceivedOut}, **writes("answers:write"))
def add_answer(request: ApiRequest, answer: AnswerIn) -> Status[ReceivedOut]:
    """One answer, checked by the survey engine; the same key again gives the first one."""
    received = receive_for(request, [answer])[0]
    if isinstance(received, Refused):
        raise received
    return Status(201, received)


@router.post("/answers/bulk", **takes_lines("answers:write", AnswerIn))
def add_answers(request: ApiRequest) -> HttpResponse:
    """Answers as lines of NDJSON; what does not fit its survey is refused line by line."""

    @transaction.atomic
    def take(batch: Sequence[AnswerIn]) -> list[ReceivedOut | Refused]:
        return receive_for(request, batch)

    return answer_lines(request, AnswerIn, take)


@router.get("/answers", response=Page[AnswerOut], **reads("answers:read"))
def list_answers(request: ApiRequest, ask: Query[AnswerAsk]) -> Page[AnswerOut]:
    """The answers, newest first."""
    rows = seen(Answer, request.auth)
    if ask.survey_id is not None:
        rows = rows.filter(survey=ask.survey_id)
    if ask.without_doubts:
        rows = rows.filter(flags=[], set_aside_at__isnull=True)
    return page_of(rows, ask, shape=AnswerOut.from_orm)


@router.get("/signals", response=Page[SignalOut], **reads("signals:read"))
def list_signals(request: ApiRequest, ask: Query[SignalAsk]) -> Page[SignalOut]:
    """The signals, newest first, narrowed by measure, mood and time."""
    rows = seen(Signal, request.auth)
    if ask.measure:
        rows = rows.filter(measure=ask.measure)
    if ask.unhappy is not None:
        rows = rows.filter(is_unhappy=ask.unhappy)
    if ask.set_aside is not None:
        rows = rows.filter(is_set_aside=ask.set_aside)
    if ask.since is not None:
        rows = rows.filter(at__gte=ask.since)
    return page_of(rows, ask, shape=SignalOut.from_orm)


def _whole(survey: Survey) -> SurveyWhole:
    version = latest_version(survey)
    link = PublicLink.objects.filter(survey=survey, store__isnull=True).first()
    return SurveyWhole(
        id=survey.pk,
        name=survey.name,
        is_open=survey.is_open,
        created_at=survey.created_at,
        version=version.number,
        definition=version.definition,
        public_code=link.code if link else "",
    )


def receive_for(request: ApiRequest, batch: Sequence[AnswerIn]) -> list[ReceivedOut | Refused]:
    """Each answer's place on record or its refusal, in the order given; what the key may see.

    Within a transaction of the caller, for who served must stay until the answers name them.
    """
    versions = latest_versions({one.survey_id for one in batch})
    for one in batch:
        if one.survey_id not in versions:
            raise NotFound("no_survey", f"there is no survey {one.survey_id}", "survey_id")
    customers = {one.customer_id for one in batch if one.customer_id}
    _must_exist(Customer, customers, request=request, field="customer_id")
    invitations = {one.invitation_id for one in batch if one.invitation_id}
    _must_exist(Invitation, invitations, request=request, field="invitation_id")
    stores = _stores({one.store for one in batch}, request=request)
    agents = meet_agents({one.served_by for one in batch})
    given = [
        replace(
            _input(one, versions[one.survey_id]),
            store_id=stores.get(one.store),
            served_by_id=agents.get(one.served_by),
        )
        for one in batch
    ]
    return [_said(one) for one in receive_answers(given, now=timezone.now())]


def _said(one: Received) -> ReceivedOut | Refused:
    if one.full_quota:
        return quota_is_full(one.full_quota)
    if one.answer_id is None and not one.is_cast:
        return AnswerRefused(one.problems)
    return ReceivedOut(answer_id=one.answer_id, is_new=one.is_new)


def _input(answer: AnswerIn, version: SurveyVersion) -> AnswerInput:
    return AnswerInput(
        key=f"api:{answer.survey_id}:{answer.key}",
        version=version,
        values=answer.values,
        language=answer.language,
        channel=answer.channel,
        answered_at=answer.answered_at or timezone.now(),
        invitation_id=answer.invitation_id,
        customer_id=answer.customer_id,
    )


def _must_exist(
    model: type[Customer] | type[Invitation], ids: set[int], *, request: ApiRequest, field: str
) -> None:
    """Refuse ids that this key cannot see; one statement."""
    if not ids:
        return
    known = set(seen(model, request.auth).filter(pk__in=ids).values_list("pk", flat=True))
    for missing in sorted(ids - known):
        raise Refused("unknown_id", f"there is no {model._meta.verbose_name} {missing}", field)


def _stores(codes: set[str], *, request: ApiRequest) -> dict[str, int]:
    """Ids of stores by code; refuses codes that this key cannot see."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    rows = seen(Store, request.auth).filter(code__in=wanted)
    known = dict(rows.values_list("code", "pk"))
    for missing in sorted(wanted - known.keys()):
        raise Refused("unknown_store", f"there is no store {missing}", "store")
    return known
