"""Comments coded by hand, so that it is known how far the code frame may be trusted."""

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.feedback.actions.coding import code_by_hand
from regulars.feedback.models import Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.pages.themes import agreement_words, names_of
from regulars.feedback.queries.themes import agreement_of, frame_of, to_code
from regulars.feedback.rules.agreement import UNITS_MIN
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

AT_ONCE = 5


@page("listen/surveys/<int:survey_id>/coding", needs="feedback.edit_survey")
def code_comments(request: HttpRequest, survey_id: int) -> Shown:
    """Some comments that this person has not coded yet, each with the themes to tick."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    frame, agreed = frame_of(survey), agreement_of(survey, seen_by=viewer(request))
    waiting = to_code(
        survey, seen_by=viewer(request), employee_id=viewer(request).pk, limit=AT_ONCE
    )
    return show(
        request,
        "feedback/hand_coding.html",
        survey=survey,
        names=list(names_of(frame).items()),
        waiting=waiting,
        agreed=agreement_words(agreed.whole),
        people=agreement_words(agreed.people),
        done=agreed.whole.units,
        units_min=UNITS_MIN,
    )


@page("listen/surveys/<int:survey_id>/coding/done", needs="feedback.edit_survey")
@require_POST
def keep_coding(request: HttpRequest, survey_id: int) -> Shown:
    """Keeps what was ticked for each comment of the page; nothing ticked is an answer too."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    now = timezone.now()
    asked = [one for one in request.POST.getlist("signal") if one.isdigit() and len(one) < 19]
    for signal in asked[:AT_ONCE]:
        codes = request.POST.getlist(f"codes-{signal}")
        code_by_hand(int(signal), codes, employee=viewer(request), now=now)
    if asked:
        say(request, _("Kept. Here are the next ones."))
    return redirect("feedback.code_comments", survey.pk)
