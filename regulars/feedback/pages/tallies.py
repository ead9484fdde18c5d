"""A survey question by question: how many answered in which way, with intervals."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from regulars.core.access import get_seen
from regulars.feedback.models import Survey
from regulars.feedback.pages.results import signal_filter
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.response import dispositions
from regulars.feedback.queries.tallies import ANSWERS_MAX, Line, Tally, tallies_of
from regulars.feedback.rules.response import Dispositions
from regulars.feedback.rules.scores import Response, Score
from regulars.feedback.shown import readable
from regulars.web.charts import plain_number
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show


@page("listen/surveys/<int:survey_id>/questions", needs="feedback.view_signal")
def survey_questions(request: HttpRequest, survey_id: int) -> Shown:
    """How each question was answered in a period: counts, shares, means and mean places."""
    user = viewer(request)
    survey = get_seen(Survey, survey_id, seen_by=user)
    filters = read_filters(request)
    which = replace(signal_filter(request, filters), survey_id=survey.pk)
    found = tallies_of(survey, which, language=get_language() or "en", seen_by=user)
    response = _response(dispositions(which, seen_by=user))
    return show(
        request,
        "feedback/questions.html",
        filters=filters,
        survey=survey,
        found=found,
        answers_max=ANSWERS_MAX,
        rows=[_shown(one, response, found.answers) for one in found.questions],
    )


def _response(counts: Dispositions) -> Response | None:
    asked = counts.known + counts.unknown
    return Response(asked, counts.complete) if asked else None


def _shown(one: Tally, response: Response | None, everybody: int) -> dict[str, Any]:
    return {
        "tally": one,
        "sub": _how_many(one, everybody),
        "flush": "yes" if one.lines and one.answers else "",
        "mean": _rounded(one.mean).told(response) if one.mean else None,
        "lines": [_line(line, is_ranked=one.is_ranked) for line in one.lines],
    }


def _how_many(one: Tally, everybody: int) -> str:
    if one.is_hidden:
        return _("Too few answered it, or left it out, to be told without giving anybody away.")
    words = {"n": plain_number(one.answers), "all": plain_number(everybody)}
    said = ngettext("%(n)s of %(all)s answered it", "%(n)s of %(all)s answered it", one.answers)
    return said % words


def _line(line: Line, *, is_ranked: bool) -> dict[str, Any]:
    score = line.score
    if score is not None:
        score = _rounded(score) if is_ranked else readable("csat", score)
    return {"label": line.label, "count": line.count, "score": score}


def _rounded(score: Score) -> Score:
    low, high = (None if one is None else round(one, 2) for one in (score.low, score.high))
    return replace(score, value=round(score.value, 2), low=low, high=high)
