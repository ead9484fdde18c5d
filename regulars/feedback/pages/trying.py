"""Before a draft is published: what it changes, and answering it as a customer would."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.drafts import draft_of
from regulars.feedback.actions.surveys import problems_of
from regulars.feedback.building.changes import Change, changes
from regulars.feedback.look import survey_stylesheet_url
from regulars.feedback.models import Survey, SurveyVersion
from regulars.feedback.pages.building_words import property_name
from regulars.feedback.pages.languages import language_name
from regulars.feedback.pages.previews import BROKEN
from regulars.feedback.pages.screens import Turn, first_turn, next_turn, screen_context
from regulars.feedback.pages.sent_files import form_with_files
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.surveys import latest_version
from regulars.feedback.saying import thanks_for
from regulars.feedback.survey.definition import Definition
from regulars.web.brand import current_brand
from regulars.web.pages import Shown, page, show


@page("listen/surveys/<int:survey_id>/build/changes", needs="feedback.edit_survey")
def build_changes(request: HttpRequest, survey_id: int) -> Shown:
    """What the draft changes, or what changed between two versions, question by question."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    rows = SurveyVersion.objects.filter(survey=survey).order_by("-number")
    versions = {str(one.number): one for one in rows[:100]}
    first = versions.get(request.GET.get("from", "")) or latest_version(survey)
    second = versions.get(request.GET.get("to", ""))
    new = second.definition if second else draft_of(survey).definition
    found = changes(first.definition, new)
    return show(
        request,
        "feedback/build_changes.html",
        survey=survey,
        draft=draft_of(survey),
        versions=list(versions.values()),
        first=first.number,
        second=second.number if second else 0,
        changes=[_worded(one) for one in found],
    )


@csrf_exempt
@page("listen/surveys/<int:survey_id>/build/try", needs="feedback.edit_survey")
def try_survey(request: HttpRequest, survey_id: int) -> Shown:
    """The draft answered as a customer would, to see its path; nothing is recorded."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    definition, problems = problems_of(draft_of(survey).definition)
    if definition is None or BROKEN & {one.code for one in problems}:
        raise Refused("not_ready", _("Mend what the cards say first; then it can be tried."))
    chosen = request.POST.get("lang") or request.POST.get("language") or get_language() or "en"
    language = definition.best_language([chosen])
    if request.method != "POST":
        turn = first_turn(definition, {})
    else:
        form, sorted_ = form_with_files(request, definition)
        turn = next_turn(definition, form, sorted_.problems)
    if turn.screen is None:
        return _tried(request, survey, definition, turn, language=language)
    context = screen_context(definition, turn, language=language)
    context["kept"] += [("language", language)]
    context |= _frame(language) | {
        "action": request.path,
        "languages": [
            (code, language_name(code)) for code in definition.languages if code != language
        ],
    }
    return show(request, "feedback/survey.html", status=422 if turn.problems else 200, **context)


def _tried(
    request: HttpRequest, survey: Survey, definition: Definition, turn: Turn, *, language: str
) -> Shown:
    values = turn.complete_values or {}
    answers = [(name, str(value)) for name, value in values.items()]
    thanks = thanks_for(definition, values, language)
    told: dict[str, Any] = {"survey": survey, "answers": answers, "words": thanks}
    return show(request, "feedback/build_tried.html", **told, **_frame(language))


def _frame(language: str) -> dict[str, Any]:
    return {
        "language": language,
        "brand": current_brand(),
        "stylesheet": survey_stylesheet_url(),
    }


def _worded(one: Change) -> dict[str, str]:
    kinds = {
        "added": _("Added"),
        "removed": _("Removed"),
        "moved": _("Moved"),
        "changed": _("Changed"),
    }
    return {
        "kind": kinds[one.kind],
        "tone": {"added": "good", "removed": "bad"}.get(one.kind, ""),
        "element": one.element,
        "property": property_name(one.property),
        "before": one.before,
        "after": one.after,
    }
