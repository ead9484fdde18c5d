"""The calling list: who is to be rung, who rings whom now, how calls ended, and the next person."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen, seen
from regulars.customers.access import note_access
from regulars.customers.eyes import eyes_of
from regulars.feedback.actions.call_list import claim_next, set_free
from regulars.feedback.models import Callee, Survey
from regulars.feedback.pages.respondents import GROUPS, RATES
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.calls import (
    STATES,
    ListStanding,
    callees,
    clock_in,
    standing_of_list,
    zones_of,
)
from regulars.feedback.rules.calls import ENDS, OUTCOMES
from regulars.feedback.rules.dispositions import AAPOR, DISPOSITIONS
from regulars.feedback.shown import tabs
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show

ROWS = 25
STATE_LABELS = {
    "due": gettext_lazy("To be called"),
    "call_back": gettext_lazy("Call-backs"),
    "done": gettext_lazy("Off the list"),
}


class ListForm(forms.Form):
    """Which part of the calling list is shown."""

    survey = forms.ModelChoiceField(
        label=gettext_lazy("Survey"),
        queryset=Survey.objects.none(),
        required=False,
        empty_label=gettext_lazy("All surveys"),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("", gettext_lazy("Everybody")), *STATE_LABELS.items()],
    )

    def __init__(self, *arguments: Any, request: HttpRequest) -> None:
        super().__init__(*arguments)
        field: Any = self.fields["survey"]
        field.queryset = seen(Survey, viewer(request)).order_by("name")


@page("listen/calls", needs="feedback.view_survey", title=gettext_lazy("Calls"))
def calls(request: HttpRequest) -> Shown:
    """The calling list with its counters, who is calling now, results with rates, and everybody."""
    user, now, form = viewer(request), timezone.now(), ListForm(request.GET, request=request)
    told = form.cleaned_data if form.is_valid() else {}
    survey = told.get("survey")
    survey_id = survey.pk if survey else None
    state = str(told.get("state", ""))
    rows = callees(seen_by=user, survey_id=survey_id, state=state)
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    calling = list(callees(seen_by=user, survey_id=survey_id).filter(held_until__gt=now))
    note_access(request, [one.invitation.customer_id for one in (*listed, *calling)])
    standing = standing_of_list(seen_by=user, survey_id=survey_id, now=now)
    return show(
        request,
        "feedback/calls.html",
        tabs=tabs("calls", request),
        form=form,
        eyes=eyes_of(request),
        standing=standing,
        rates=_rates(standing),
        outcomes=[_outcome(*one) for one in standing.calls_by_outcome.items()],
        dispositions=[_disposition(*one) for one in standing.dispositions.items()],
        calling=calling,
        listed=listed,
        rows=_rows(list(listed)),
        is_narrowed=bool(survey or state in STATES),
    )


def _rates(standing: ListStanding) -> list[dict[str, Any]]:
    return [
        {"name": label, "percent": None if rate is None else 100 * rate}
        for key, label in RATES.items()
        for rate in (standing.rates[key],)
    ]


def _outcome(name: str, count: int) -> dict[str, Any]:
    known = OUTCOMES[name]
    return {"label": _(known.label), "code": known.code, "count": count}


def _disposition(name: str, count: int) -> dict[str, Any]:
    group = GROUPS.get(AAPOR.get(name, ""), _("not eligible, not counted"))
    return {"label": _(DISPOSITIONS[name]), "group": group, "count": count}


def _rows(listed: Sequence[Callee]) -> list[dict[str, Any]]:
    zones = zones_of(listed)
    return [_row(one, zones[one.pk]) for one in listed]


def _row(one: Callee, zone: str) -> dict[str, Any]:
    label, tone = _state_of(one)
    return {
        "callee": one,
        "state": label,
        "tone": tone,
        "there": clock_in(zone, one.due_at) if one.is_call_back and not one.closed_at else None,
    }


def _state_of(one: Callee) -> tuple[str, str]:
    """How somebody on the list stands, in words, and the tone of it."""
    if one.held_until and one.held_until > timezone.now():
        return _("Being called"), "accent"
    if one.closed_at is None:
        label = OUTCOMES[one.outcome].label if one.outcome else ""
        return (_(label), "warn" if one.is_call_back else "") if label else (_("Not rung yet"), "")
    if one.outcome in ENDS:
        return _(ENDS[one.outcome]), ""
    tone = {"completed": "good", "full": ""}.get(one.outcome, "bad")
    return _(OUTCOMES[one.outcome].label), tone


@page("listen/calls/next", needs="feedback.make_call")
@require_POST
def next_call(request: HttpRequest) -> Shown:
    """Gives the operator the next person, theirs alone for a while."""
    taken = claim_next(operator_id=operator_of(request), now=timezone.now())
    if taken is None:
        say(request, _("Nobody on the list can be called just now."))
        return redirect("feedback.calls")
    return redirect("feedback.call", taken.pk)


@page("listen/calls/<int:callee_id>/free", needs="feedback.edit_survey")
@require_POST
def free_callee(request: HttpRequest, callee_id: int) -> Shown:
    """Takes a person away from the operator who has them."""
    found = get_seen(Callee, callee_id, seen_by=viewer(request))
    set_free(found.pk, now=timezone.now())
    say(request, _("This person is free for other operators."))
    return redirect("feedback.calls")


def operator_of(request: HttpRequest) -> int:
    """The id of the employee who looks at a page."""
    pk = request.user.pk
    assert pk is not None, "the page is for people who are signed in"
    return int(pk)
