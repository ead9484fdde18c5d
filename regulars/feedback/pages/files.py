"""Answers and the definition of a survey as files to take along."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language

from regulars.core.access import get_seen
from regulars.feedback.exporting.files import answers_as_file
from regulars.feedback.exporting.report import report_of
from regulars.feedback.models import Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.surveys import latest_version
from regulars.web.pages import Shown, page


@page("listen/surveys/<int:survey_id>/answers.<slug:format>", needs="feedback.view_signal")
def answers_file(request: HttpRequest, survey_id: int, format: str) -> Shown:
    """Every answer of a survey in one of the formats, with labels where the format has them."""
    user = viewer(request)
    return answers_as_file(
        get_seen(Survey, survey_id, seen_by=user),
        format,
        language=get_language() or "en",
        seen_by=user,
        now=timezone.localtime(),
    )


@page("listen/surveys/<int:survey_id>/report.pdf", needs="feedback.view_signal")
def report_file(request: HttpRequest, survey_id: int) -> Shown:
    """The results as a PDF in the reader's language."""
    user = viewer(request)
    survey = get_seen(Survey, survey_id, seen_by=user)
    language, now = get_language() or "en", timezone.localtime()
    made = report_of(survey, language=language[:2], seen_by=user, now=now)
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="survey-{survey.pk}.pdf"'
    return response


@page("listen/surveys/<int:survey_id>/definition.json", needs="feedback.view_survey")
def definition_file(request: HttpRequest, survey_id: int) -> Shown:
    """The definition that is asked now, as SurveyJS JSON."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    text = json.dumps(latest_version(survey).definition, ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="survey-{survey.pk}.json"'
    return response
