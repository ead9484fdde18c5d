"""Operations on scores: each with n, what it is worth, interval, response and weighting."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.api.fields import Id
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Forbidden
from regulars.feedback.queries.scores import GroupScores, scores, scores_by
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.rules.scores import Score
from regulars.insight.api.metrics import MetricAsk, scope_of
from regulars.insight.metrics.fair_scores import OF_PEOPLE, FairBy
from regulars.insight.metrics.score_comparison import By as GroupedBy
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope

router = Router(tags=["Scores"])

By = Literal["", "store", "touchpoint", "channel", "week", "month"]


class ScoreOut(Schema):
    """A score with everything that belongs to it; bounds are of the 95% interval.

    NPS is in points from -100 to 100, CSAT a share from 0 to 1, CES the mean of its scale.
    """

    value: float
    low: float | None
    high: float | None
    answers: int = Field(description="How many answers there are, n.")
    effective: float = Field(description="How many evenly weighted answers they are worth (Kish).")
    asked: int | None = Field(description="Invitations sent in these days; null when not known.")
    replied: int | None = Field(description="How many of those were answered.")
    response_rate: float | None = Field(description="RR1 of AAPOR, from 0 to 1.")
    weighting: str = Field(examples=["unweighted"])
    is_thin: bool = Field(description="True below five answers: not enough data.")


class ScoresOut(Schema):
    """The scores of one group; `key` is an id, a channel or the first day of a span."""

    key: str | None
    scores: dict[str, ScoreOut]


class ScoresOfPeriodOut(Schema):
    """Scores by measure, in all or of each group."""

    from_on: date
    to_on: date
    by: str
    items: list[ScoresOut]


class ScoresAsk(MetricAsk):
    """Which scores are asked for, and how they are grouped."""

    by: By = ""
    survey_id: Id | None = None
    touchpoint_id: Id | None = None


@router.get("/scores", response=ScoresOfPeriodOut, **reads("signals:read"))
def list_scores(request: ApiRequest, ask: Query[ScoresAsk]) -> ScoresOfPeriodOut:
    """NPS, CSAT and CES of a period: in all, or by store, touchpoint, channel, week or month."""
    scope = scope_of(request, ask)
    which = _filter(scope, ask)
    if ask.by:
        groups = scores_by(ask.by, which, seen_by=request.auth)
    else:
        groups = [GroupScores(None, scores(which, seen_by=request.auth))]
    items = [ScoresOut(key=_key(one), scores=_shown(one.scores)) for one in groups]
    return ScoresOfPeriodOut(from_on=scope.from_on, to_on=scope.to_on, by=ask.by, items=items)


class DifferenceOut(Schema):
    """How far apart two groups are, the 95% bounds, and the chance of as much by luck alone."""

    value: float
    low: float
    high: float
    p_value: float


class ComparisonOut(Schema):
    """One comparison; `p_adjusted` allows for how many were made (Benjamini and Hochberg)."""

    difference: DifferenceOut | None
    p_adjusted: float | None
    verdict: Literal["higher", "lower", "no_evidence", "too_few"]


class ComparedGroupOut(Schema):
    """A group against all others of the period, and against itself in the time before."""

    key: str = Field(description="An id, a code or a channel; empty for answers without one.")
    now: ScoreOut | None
    before: ScoreOut | None
    rest: ComparisonOut
    change: ComparisonOut


class ComparedOut(Schema):
    """All groups and the whole."""

    from_on: date
    to_on: date
    measure: str
    by: str
    now: ScoreOut | None
    before: ScoreOut | None
    change: ComparisonOut
    groups: list[ComparedGroupOut]


class LevelOut(Schema):
    """How one group of customers answered, against all others."""

    attribute: str
    level: str
    people: int
    responders: int
    rate: float
    low: float
    high: float
    apart: float = Field(description="Its rate less that of all others.")
    p_value: float | None


class CorrectedOut(Schema):
    """The score as answered and as all customers would answer; null where data do not suffice."""

    from_on: date
    to_on: date
    measure: str
    raw: ScoreOut | None
    raking: ScoreOut | None
    propensity: ScoreOut | None
    band: tuple[float, float] | None = Field(description="Over all ways of weighting.")
    unreached: float = Field(description="Share of customers in groups nobody answered from.")
    customers: int
    responders: int
    silent: list[LevelOut]


class FairGroupOut(Schema):
    """One group as answered and adjusted; null where fewer than ten people answered.

    `expected` is what the whole would have got with this group's customers, `adjusted` what this group
    would have got with the customers of the whole, `best_guess` that drawn to the whole by what its
    answers leave open; `limits` are the funnel's 99.8% and 95% bounds for a group of this size.
    """

    key: str = Field(description="An id, a channel or a team; empty for answers without one.")
    raw: ScoreOut
    people: int = Field(description="Distinct people; bounds rest on these, not on answers.")
    expected: float | None
    adjusted: float | None
    low: float | None
    high: float | None
    best_guess: float | None
    limits: tuple[float, float, float, float] | None
    p_adjusted: float | None
    verdict: Literal["higher", "lower", "no_evidence", "too_few"]


class FairOut(Schema):
    """Groups with the same customers; where `is_apart` is false do not rank them.

    Where nothing could be compared what would come of it is null: it cannot be told.
    """

    from_on: date
    to_on: date
    measure: str
    by: str
    mix: list[str] = Field(description="What scores are adjusted for.")
    overall: float | None
    p_value: float | None = Field(description="Of Cochran's Q over all groups with ten people.")
    is_apart: bool
    beyond_chance: float | None = Field(
        description="Share of the spread that is no chance, I squared."
    )
    between: float | None = Field(description="Standard deviation among groups beyond chance.")
    explained: float | None = Field(
        description="Share of the variance within groups the mix explains."
    )
    groups: list[FairGroupOut]


class MeasureAsk(MetricAsk):
    """Which measure is asked for."""

    measure: Literal["nps", "csat", "ces"] = "nps"


class ComparisonAsk(MeasureAsk):
    """Which groups are compared."""

    by: GroupedBy = "store"


@router.get("/scores/comparison", response=ComparedOut, **reads("signals:read"))
def compare(request: ApiRequest, ask: Query[ComparisonAsk]) -> ComparedOut:
    """What differs beyond chance: stores, touchpoints, channels, tiers or segments, and in time."""
    scope = scope_of(request, ask)
    settings = {"measure": ask.measure, "by": ask.by}
    return ComparedOut(**_asked("score_comparison", scope, settings))


class FairAsk(MeasureAsk):
    """Which groups are compared."""

    by: FairBy = "store"


@router.get("/scores/fair", response=FairOut, **reads("signals:read"))
def compare_fairly(request: ApiRequest, ask: Query[FairAsk]) -> FairOut:
    """Groups adjusted for the mix of their customers, against chance.

    Stores, touchpoints, channels, those who served (`agent`) or their teams; the last two compare
    employees and also need the scope `agents:read`.
    """
    if ask.by in OF_PEOPLE and not request.auth.allows("agents:read"):
        raise Forbidden("scope_is_missing", "this key lacks the scope agents:read")
    scope = scope_of(request, ask)
    return FairOut(**_asked("fair_scores", scope, {"measure": ask.measure, "by": ask.by}))


@router.get("/scores/correction", response=CorrectedOut, **reads("signals:read"))
def correct(request: ApiRequest, ask: Query[MeasureAsk]) -> CorrectedOut:
    """A score as answered, corrected by raking and by propensity, and which groups stayed silent."""
    scope = scope_of(request, ask)
    return CorrectedOut(**_asked("representation", scope, {"measure": ask.measure}))


def _asked(kind: str, scope: Scope, settings: Mapping[str, str]) -> dict[str, Any]:
    found = measured({"it": Ask(kind, scope, settings)}, now=timezone.now())["it"]
    days = {"from_on": scope.from_on, "to_on": scope.to_on}
    return {name: _completed(value) for name, value in found.items()} | days


def _completed(value: Any) -> Any:
    """Kept figures with what the shapes add to scores, wherever they stand."""
    if isinstance(value, list):
        return [_completed(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == SCORE_KEYS:
        return shown_score(Score(**value))
    return {name: _completed(one) for name, one in value.items()}


SCORE_KEYS = {one.name for one in fields(Score)}


def shown_score(score: Score) -> ScoreOut:
    """A score as the API tells it."""
    return ScoreOut.model_validate(score, from_attributes=True)


def _shown(found: dict[str, Score]) -> dict[str, ScoreOut]:
    return {measure: shown_score(score) for measure, score in found.items()}


def _key(group: GroupScores) -> str | None:
    if isinstance(group.key, datetime):
        return timezone.localtime(group.key).date().isoformat()
    return None if group.key is None else str(group.key)


def _filter(scope: Scope, ask: ScoresAsk) -> SignalFilter:
    return SignalFilter(
        survey_id=ask.survey_id,
        store_ids=None if scope.store_ids is None else frozenset(scope.store_ids),
        touchpoint_id=ask.touchpoint_id,
        since=_midnight(scope.from_on),
        before=_midnight(scope.to_on + timedelta(days=1)),
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
