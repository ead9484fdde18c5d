"""Key drivers: what the other ratings of a survey have to do with the measured one."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from regulars.feedback.models import Survey
from regulars.feedback.pages.results import signal_filter, visible_surveys
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.drivers import SurveyDrivers, drivers_of
from regulars.feedback.queries.response import measures_by_survey
from regulars.feedback.queries.values import agreement_with_values
from regulars.feedback.rules.drivers import PER_DRIVER_MIN, RESPONDENTS_MIN, Driver, Drivers
from regulars.feedback.rules.scores import Score
from regulars.feedback.shown import LABELS, readable, tabs
from regulars.web.charts import Chart, Dot, plain_number, scatter_chart
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show

REASONS: dict[str, Promise] = {
    "too_few": gettext_lazy("Not enough data: too few respondents gave all ratings."),
    "nothing_to_explain": gettext_lazy(
        "Not enough data: there is no other rating, or everybody answered alike."
    ),
    "unrelated": gettext_lazy("No evidence that any of the other ratings goes with this measure."),
}


@page("listen/drivers", needs="feedback.view_signal", title=gettext_lazy("Key drivers"))
def key_drivers(request: HttpRequest) -> Shown:
    """What matters most for the measure of a survey, and how well that is rated."""
    filters = read_filters(request)
    measured = {pk: kinds for pk, kinds in measures_by_survey().items() if kinds}
    surveys = [one for one in visible_surveys(request) if one.pk in measured]
    which = signal_filter(request, filters)
    survey = next((one for one in surveys if one.pk == which.survey_id), None) or _first(surveys)
    kinds = [kind for kind in LABELS if survey and kind in measured[survey.pk]]
    chosen = request.GET.get("measure", "")
    measure = chosen if chosen in kinds else next(iter(kinds), "")
    found = _found(request, survey, measure) if survey else None
    return show(
        request,
        "feedback/drivers.html",
        filters=filters,
        tabs=tabs("drivers", request),
        surveys=surveys,
        survey=survey,
        measures=[(kind, LABELS[kind]) for kind in kinds],
        measure=measure,
        least=RESPONDENTS_MIN,
        per_driver=PER_DRIVER_MIN,
        values=_values(request, survey) if survey else [],
        **(_shown(found) if found else {}),
    )


def _values(request: HttpRequest, survey: Survey) -> list[dict[str, Any]]:
    """How far people agree with the values that the survey asks about."""
    which = signal_filter(request, read_filters(request))
    language = get_language() or "en"
    return [
        {
            "value": one.value,
            "asked": one.asked,
            "mean": Score(
                round(one.score.mean.mean, 2),
                _rounded(one.score.mean.low),
                _rounded(one.score.mean.high),
                one.score.answers,
            )
            if one.score
            else None,
            "top": readable("csat", one.score.top) if one.score else None,
        }
        for one in agreement_with_values(survey, which, language=language, seen_by=viewer(request))
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _first(surveys: list[Survey]) -> Survey | None:
    return surveys[0] if surveys else None


def _found(request: HttpRequest, survey: Survey, measure: str) -> SurveyDrivers | None:
    which = signal_filter(request, read_filters(request))
    language = get_language() or "en"
    return drivers_of(survey, measure, which, language=language, seen_by=viewer(request))


def _shown(told: SurveyDrivers) -> dict[str, Any]:
    found = told.found
    return {
        "found": found,
        "reason": REASONS.get(found.reason, ""),
        "explained": _explained(found),
        "chart": _chart(told),
        "rows": [_row(one, told.asked) for one in found.drivers],
        "left_out": [told.asked.get(name, name) for name in found.left_out],
    }


def _explained(found: Drivers) -> str:
    """R squared as a sentence with its bounds."""
    if found.explained is None:
        return ""
    value, low, high = (plain_number(round(100 * one)) for one in found.explained)
    return _(
        "Together these ratings explain %(value)s%% of how the measure varies (%(low)s to %(high)s%%)."
    ) % {"value": value, "low": low, "high": high}


def _row(driver: Driver, asked: dict[str, str]) -> dict[str, Any]:
    rated = driver.performance
    low, high = (None if one is None else 100 * one for one in (rated.low, rated.high))
    return {
        "label": asked[driver.name],
        "importance": 100 * driver.importance,
        "low": 100 * driver.low,
        "high": 100 * driver.high,
        "performance": 100 * rated.mean,
        "rated_low": low,
        "rated_high": high,
    }


def _chart(told: SurveyDrivers) -> Chart:
    drivers = told.found.drivers
    dots = [
        Dot(
            told.asked[one.name],
            100 * one.performance.mean,
            100 * one.importance,
            note=_("%(low)s to %(high)s")
            % {"low": plain_number(100 * one.low), "high": plain_number(100 * one.high)},
        )
        for one in drivers
    ]
    return scatter_chart(
        dots,
        title=_("How well each is rated, and how much it matters"),
        finding=_finding(told),
        columns=(_("Rating"), _("How well rated, % of the scale"), _("How much it matters, %")),
    )


def _finding(told: SurveyDrivers) -> str:
    """What to look at first: the weightiest rating, if its interval stands clear of the next."""
    drivers = told.found.drivers
    if len(drivers) < 2:
        return _("There is only one other rating to look at.") if drivers else ""
    first, clear = drivers[0], all(drivers[0].low > one.high for one in drivers[1:])
    words = {"name": told.asked[first.name]}
    if clear:
        return _("“%(name)s” matters most, beyond chance.") % words
    return _("“%(name)s” leads, yet the order is not certain: the intervals overlap.") % words
