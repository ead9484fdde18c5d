"""Themes of a survey's comments by what they cost, and how far the code frame agrees with people."""

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.feedback.api.drivers import DriversAsk
from regulars.feedback.models import Survey
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.themes import SurveyThemes, ThemeAgreement, agreement_of, themes_of
from regulars.feedback.queries.values import ValueAgreement, agreement_with_values
from regulars.feedback.rules.themes import ThemeImpact
from regulars.feedback.survey.texts import text_in

router = Router(tags=["Scores"])


class ImpactOut(Schema):
    """How far comments with a theme score from the others, in units of the measure; 95% bounds."""

    value: float
    low: float
    high: float
    p_value: float


class AlphaOut(Schema):
    """Krippendorff's alpha with 95% bounds; null with too few comments coded by hand."""

    value: float | None
    low: float | None
    high: float | None
    units: int


class ThemeOut(Schema):
    """A theme; `cost` is its share times how far it scores below the others (negative: a strength)."""

    code: str
    name: str
    mentions: int
    share: float
    share_low: float
    share_high: float
    impact: ImpactOut | None
    p_adjusted: float | None
    cost: float | None
    cost_low: float | None
    cost_high: float | None
    verdict: str = Field(examples=["lower", "higher", "no_evidence", "too_few"])
    customers: int
    spend_minor: int = Field(description="What those customers bought within a year.")
    estimate: tuple[int, int, int] | None = Field(
        description="Buyers of a year it would concern, with bounds, if answers stand for all."
    )
    agreement: AlphaOut


class ThemesOut(Schema):
    """The themes of a survey, what costs most first."""

    survey_id: int
    measure: str
    answers: int
    comments: int
    uncoded: int
    buyers: int
    agreement: AlphaOut = Field(description="Of the frame with people, by sets of codes (MASI).")
    people: AlphaOut = Field(description="Of people among each other.")
    themes: list[ThemeOut]


@router.get("/surveys/{int:survey_id}/themes", response=ThemesOut, **reads("answers:read"))
def survey_themes(request: ApiRequest, survey_id: int, ask: Query[DriversAsk]) -> ThemesOut:
    """What customers write about, how the measure goes with each theme, and whom it touches."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    which = SignalFilter(since=ask.since, before=ask.before)
    found = themes_of(survey, ask.measure, which, seen_by=request.auth, now=timezone.now())
    agreed = agreement_of(survey, seen_by=request.auth)
    return ThemesOut(
        survey_id=survey_id,
        measure=ask.measure,
        answers=found.answers,
        comments=found.comments,
        uncoded=found.uncoded,
        buyers=found.buyers,
        agreement=AlphaOut.model_validate(agreed.whole, from_attributes=True),
        people=AlphaOut.model_validate(agreed.people, from_attributes=True),
        themes=[_theme(one, found, agreed, ask.language) for one in found.impacts],
    )


def _theme(
    one: ThemeImpact, found: SurveyThemes, agreed: ThemeAgreement, language: str
) -> ThemeOut:
    names = {code.value: text_in(code.text, language) or code.value for code in found.frame}
    touched = found.touched[one.code]
    same = (
        "code", "mentions", "share", "share_low", "share_high", "p_adjusted", "cost", "cost_low",
        "cost_high", "verdict",
    )  # fmt: skip
    return ThemeOut(
        **{name: getattr(one, name) for name in same},
        name=names[one.code],
        impact=ImpactOut.model_validate(one.impact, from_attributes=True) if one.impact else None,
        customers=touched.customers,
        spend_minor=touched.spend_minor,
        estimate=touched.estimate,
        agreement=AlphaOut.model_validate(agreed.by_theme[one.code], from_attributes=True),
    )


class AgreementOut(Schema):
    """Agreement with one value; figures are null below five answers. Bounds are of 95%."""

    name: str
    value: str
    asked: str
    scale: tuple[float, float]
    answers: int | None
    mean: float | None
    mean_low: float | None
    mean_high: float | None
    top: float | None = Field(description="Share of the two highest ratings, 0 to 1.")
    top_low: float | None
    top_high: float | None


@router.get(
    "/surveys/{int:survey_id}/agreements", response=list[AgreementOut], **reads("answers:read")
)
def survey_agreements(
    request: ApiRequest, survey_id: int, ask: Query[DriversAsk]
) -> list[AgreementOut]:
    """How far people agree with the values that a survey asks about: mean and two highest ratings."""
    survey = get_seen(Survey, survey_id, seen_by=request.auth)
    which = SignalFilter(since=ask.since, before=ask.before)
    found = agreement_with_values(survey, which, language=ask.language, seen_by=request.auth)
    return [_agreement(one) for one in found]


def _agreement(one: ValueAgreement) -> AgreementOut:
    score = one.score
    return AgreementOut(
        name=one.name,
        value=one.value,
        asked=one.asked,
        scale=one.scale,
        answers=score.answers if score else None,
        mean=score.mean.mean if score else None,
        mean_low=score.mean.low if score else None,
        mean_high=score.mean.high if score else None,
        top=score.top.value if score else None,
        top_low=score.top.low if score else None,
        top_high=score.top.high if score else None,
    )
