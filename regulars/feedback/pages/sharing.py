"""Results to read by a link: the links of a survey, and what such a link opens."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.sharing import DAYS_MAX, end_share, share_results
from regulars.feedback.exporting.report import counted_note, sections_of
from regulars.feedback.models import Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.sharing import find_share, shares_of, sight_of, works
from regulars.web.frame import say
from regulars.web.pages import PUBLIC, Shown, blame, page, show

SHOWN_MAX = 100
DAYS_USUAL = 30
PERSONAL = {"words"}
"""Sections that are not shared: what people write may name them."""


class ShareForm(forms.Form):
    """For whom a link is, and for how long."""

    name = forms.CharField(label=gettext_lazy("For whom"), max_length=100)
    days = forms.IntegerField(
        label=gettext_lazy("Days it works"), min_value=1, max_value=DAYS_MAX, initial=DAYS_USUAL
    )


@page("listen/surveys/<int:survey_id>/share", needs="feedback.edit_survey")
def share(request: HttpRequest, survey_id: int) -> Shown:
    """The links to the results of a survey; a new one is shown once."""
    user = viewer(request)
    survey = get_seen(Survey, survey_id, seen_by=user)
    form = ShareForm(request.POST or None)
    address, now = "", timezone.now()
    if request.method == "POST" and form.is_valid():
        try:
            made = share_results(
                survey, **form.cleaned_data, seen_by=user, now=now, made_by=str(user)
            )
        except Refused as refused:
            blame(form, refused)
        else:
            path = reverse("feedback.shared_results", args=[made.token])
            address, form = request.build_absolute_uri(path), ShareForm()
    return show(
        request,
        "feedback/share.html",
        status=422 if form.errors else 200,
        survey=survey,
        form=form,
        address=address,
        links=[(one, works(one, now=now)) for one in shares_of(survey)[:SHOWN_MAX]],
    )


@page("listen/surveys/<int:survey_id>/share/<int:result_link>/end", needs="feedback.edit_survey")
@require_POST
def stop_sharing(request: HttpRequest, survey_id: int, result_link: int) -> Shown:
    """Ends a link before its day."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    end_share(survey, result_link, now=timezone.now())
    say(request, _("The link opens nothing any more."))
    return redirect("feedback.share", survey.pk)


@page("results/<str:result_token>", needs=PUBLIC)
@never_cache
def shared_results(request: HttpRequest, result_token: str) -> Shown:
    """The results of a survey for whoever has the link, without names and without words."""
    link = find_share(result_token)
    if link is None or not works(link, now=timezone.now()):
        return show(request, "feedback/shared_results.html", status=404 if link is None else 410)
    found = sections_of(link.survey, seen_by=sight_of(link))
    sections = [
        (title, [*rows[0]], [[*row.values()] for row in rows])
        for key, title, rows in found
        if rows and key not in PERSONAL
    ]
    note = counted_note() if sections else ""
    context: dict[str, Any] = {"link": link, "sections": sections, "note": note}
    response = show(request, "feedback/shared_results.html", **context)
    response["Referrer-Policy"] = "no-referrer"
    return response
