"""Operations on what is read out of the answers of one survey."""

from typing import Literal

from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.fields import Moment
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.feedback.models import Survey
from regulars.feedback.queries.drivers import SurveyDrivers, drivers_of
from regulars.feedback.queries.signals import SignalFilter

router = Router(tags=["Scores"])


class DriverOut(Schema):
    """One rating: its share of what all explain, and the mean of its scale; bounds are of 95%."""

    name: str
    asked: str
    importance: float
    low: float
    high: float
    performance: float = Field(description="The mean rating as a share of its scale, 0 to 1.")
    performance_low: float | None
    performance_high: float | None


class DriversOut(Schema):
    """The drivers, the weightiest first; without any, `reason` says why."""

    survey_id: int
    measure: str
    respondents: int
    explained: tuple[float, float, float] | None = Field(description="R squared, low, high.")
    drivers: list[DriverOut]
    left_out: list[str]
    reason: str = Field(examples=["too_few"])


class DriversAsk(Schema):
    """Which measure, and which answers count."""

    measure: Literal["nps", "csat", "ces"] = "nps"
    language: str = Field("en", max_length=10)
    since: Moment | None = None
    before: Moment | None = None


@router.get("/surveys/{int:survey_id}/drivers", response=DriversOut, **reads("answers:read"))
def survey_drivers(request: ApiRequest, survey_id: int, ask: Query[DriversAsk]) -> DriversOut:
    """What the other ratings of a survey have to do with its measure (relative weights)."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    which = SignalFilter(since=ask.since, before=ask.before)
    found = drivers_of(survey, ask.measure, which, language=ask.language, seen_by=request.auth)
    if found is None:
        return DriversOut(
            survey_id=survey_id, measure=ask.measure, respondents=0, explained=None,
            drivers=[], left_out=[], reason="not_measured",
        )  # fmt: skip
    return DriversOut(
        survey_id=survey_id,
        measure=ask.measure,
        respondents=found.found.respondents,
        explained=found.found.explained,
        drivers=_drivers(found),
        left_out=list(found.found.left_out),
        reason=found.found.reason,
    )


def _drivers(told: SurveyDrivers) -> list[DriverOut]:
    return [
        DriverOut(
            name=one.name,
            asked=told.asked[one.name],
            importance=one.importance,
            low=one.low,
            high=one.high,
            performance=one.performance.mean,
            performance_low=one.performance.low,
            performance_high=one.performance.high,
        )
        for one in told.found.drivers
    ]
