"""Answers that look careless: why, and whether scores count them."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.feedback.actions.doubts import set_aside, take_back
from regulars.feedback.models import Answer, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.doubts import doubtful_answers
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.rules.quality import FLAGS
from regulars.feedback.survey.path import shown_answers
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

ROWS = 25


@page("listen/surveys/<int:survey_id>/doubts", needs="feedback.view_survey")
def doubts(request: HttpRequest, survey_id: int) -> Shown:
    """The answers of a survey that look careless, each with the reasons."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    rows = doubtful_answers(survey, seen_by=viewer(request))
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    shown = [_row(one) for one in listed]
    return show(request, "feedback/doubts.html", survey=survey, listed=listed, rows=shown)


def _row(answer: Answer) -> dict[str, Any]:
    told = shown_answers(definition_of(answer.version), answer.values, answer.language)
    return {
        "answer": answer,
        "flags": [_(FLAGS.get(flag, flag)) for flag in answer.flags],
        "said": " · ".join(told.values()),
    }


@page("listen/answers/<int:answer_id>/set-aside", needs="feedback.edit_survey")
@require_POST
def switch_answer(request: HttpRequest, answer_id: int) -> Shown:
    """Takes an answer out of all scores, or back in."""
    answer = get_seen(Answer, answer_id, seen_by=viewer(request))
    if request.POST.get("counts") == "yes":
        take_back([answer.pk], employee=viewer(request))
        say(request, _("Scores count the answer again."))
    else:
        set_aside([answer.pk], employee=viewer(request), now=timezone.now())
        say(request, _("The answer is set aside: no score counts it."))
    return redirect("feedback.doubts", answer.survey_id)
