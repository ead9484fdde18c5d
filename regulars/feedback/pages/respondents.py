"""Who was asked and how far they came: dispositions, rates, quotas and the sittings themselves."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.channels.rules import REASONS
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.feedback.actions.quotas import PLACES_MAX, remove_quota, set_quota
from regulars.feedback.models import Quota, Sitting, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.sittings import Response, response_of, sittings_of
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.rules.dispositions import AAPOR, DISPOSITIONS
from regulars.feedback.shown import store_name
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form

ROWS = 25
RATES = {
    "RR2": gettext_lazy("Answered (RR2)"),
    "CON1": gettext_lazy("Reached (CON1)"),
    "COOP2": gettext_lazy("Answered of those reached (COOP2)"),
    "REF1": gettext_lazy("Refused or broke off (REF1)"),
}
GROUPS = {
    "complete": gettext_lazy("I, complete"),
    "partial": gettext_lazy("P, partial"),
    "refused": gettext_lazy("R, refusal and break-off"),
    "non_contact": gettext_lazy("NC, non-contact"),
    "other": gettext_lazy("O, other eligible"),
    "unknown_household": gettext_lazy("UH, unknown, not attempted"),
    "unknown_other": gettext_lazy("UO, unknown, undelivered"),
}
TONES = {
    "completed": "good",
    "partial": "good",
    "refused": "bad",
    "breakoff": "warn",
    "rejected": "warn",
}


class QuotaForm(forms.Form):
    """A quota of a survey."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    places = forms.IntegerField(
        label=gettext_lazy("Answers at most"), min_value=0, max_value=PLACES_MAX
    )
    condition = forms.CharField(
        label=gettext_lazy("Counts answers where"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy(
            "An expression of the survey, such as {nps} <= 6, also with {store}, {channel} and"
            " {language}. Empty counts all."
        ),
    )


@page("listen/surveys/<int:survey_id>/respondents", needs="feedback.view_survey")
def respondents(request: HttpRequest, survey_id: int) -> Shown:
    """How everybody stands who was asked, with the rates of the standard and the quotas."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    found = response_of(survey.pk, seen_by=viewer(request), now=timezone.now())
    anonymity = definition_of(latest_version(survey)).anonymity
    sittings = sittings_of(survey, seen_by=viewer(request))
    listed = Paginator(sittings.none() if anonymity else sittings, ROWS)
    listed_page = listed.get_page(request.GET.get("page"))
    return show(
        request,
        "feedback/respondents.html",
        survey=survey,
        rates=_rates(found),
        asked_count=sum(found.counts.values()),
        dispositions=[_disposition(*each) for each in found.counts.items()],
        not_asked=[(_reason(code), count) for code, count in found.not_asked.items()],
        open_rows=[(_(DISPOSITIONS[name]), count) for name, count in found.open_counts.items()],
        quotas=Quota.objects.filter(survey=survey).order_by("pk"),
        anonymity=anonymity,
        listed=listed_page,
        rows=[_row(one) for one in listed_page],
    )


def _rates(found: Response) -> list[dict[str, Any]]:
    return [
        {"name": label, "percent": None if rate is None else 100 * rate}
        for key, label in RATES.items()
        for rate in (found.rates[key],)
    ]


def _disposition(name: str, count: int) -> dict[str, Any]:
    group = GROUPS.get(AAPOR.get(name, ""), _("not eligible, not counted"))
    return {"name": _(DISPOSITIONS[name]), "group": group, "count": count}


def _reason(code: str) -> str:
    return _(REASONS[code]) if code in REASONS else code


def _row(sitting: Sitting) -> dict[str, Any]:
    return {
        "sitting": sitting,
        "name": _(DISPOSITIONS[sitting.disposition]),
        "tone": TONES.get(sitting.disposition, ""),
        "place": store_name(sitting.store),
        "answered": len(sitting.values),
    }


@page("listen/surveys/<int:survey_id>/quotas/new", needs="feedback.edit_survey")
def new_quota(request: HttpRequest, survey_id: int) -> Shown:
    """A new quota of a survey; a name that is there already changes that quota."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    form = QuotaForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_quota(survey, **form.cleaned_data)
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The quota is saved."))
            return redirect("feedback.respondents", survey.pk)
    return show_form(request, "feedback/quota.html", form=form, survey=survey)


@page("listen/surveys/<int:survey_id>/quotas/<int:quota_id>/remove", needs="feedback.edit_survey")
@require_POST
def drop_quota(request: HttpRequest, survey_id: int, quota_id: int) -> Shown:
    """Takes a quota away."""
    survey = get_seen(Survey, survey_id, seen_by=viewer(request))
    remove_quota(survey, quota_id=quota_id)
    say(request, _("The quota is gone."))
    return redirect("feedback.respondents", survey.pk)
