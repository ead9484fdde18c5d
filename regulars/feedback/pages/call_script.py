"""The operator's screen: whom to ring, what to say, the questions one by one, and how it ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.core.errors import Conflict, Refused
from regulars.customers.access import note_access
from regulars.customers.eyes import eyes_of
from regulars.feedback.actions.call_list import operator_settings, words_of_introduction
from regulars.feedback.actions.call_outcomes import CallEnd, note_outcome
from regulars.feedback.actions.call_script import (
    Deed,
    begin_script,
    find_script,
    go_on_with_script,
    language_of,
)
from regulars.feedback.actions.talking import Step
from regulars.feedback.dialogue.turns import progress
from regulars.feedback.models import Call, Callee
from regulars.feedback.pages.calls import operator_of
from regulars.feedback.pages.drawing import Asked, Drawer
from regulars.feedback.pages.languages import language_name
from regulars.feedback.pages.screens import values_in, with_rows
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.calls import calls_with, clock_in, quotas_of, zone_of
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.rules.calls import OUTCOMES, Outcome
from regulars.feedback.saying import chrome, greeting, say_turn
from regulars.feedback.survey.definition import words_for
from regulars.feedback.survey.path import shown_answers, sitting_with
from regulars.feedback.survey.piping import text_for
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form

NEEDS = "feedback.make_call"


class EndForm(forms.Form):
    """What there is to say about the end of a call."""

    call_back_at = forms.DateTimeField(
        label=gettext_lazy("Call back at"),
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=500, required=False)

    def __init__(self, *arguments: Any, outcome: str, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if outcome == "call_back":
            self.fields["call_back_at"].required = True
        else:
            del self.fields["call_back_at"]


@page("listen/calls/<int:callee_id>", needs=NEEDS)
def call(request: HttpRequest, callee_id: int) -> Shown:
    """One person on the list: the script for the operator who has them, else what came of the calls."""
    callee = _callee(request, callee_id)
    customer = callee.invitation.customer
    note_access(request, [customer.pk])
    eyes, there = eyes_of(request), clock_in(zone_of(callee), timezone.now())
    context: dict[str, Any] = {
        "callee": callee,
        "name": eyes.name(customer),
        "phone": eyes.fact(customer.pk, "phone", customer.phone),
        "may_dial": eyes.sees(customer.pk),
        "there": there,
        "history": [_past(one, there.zone) for one in calls_with(callee)],
        "quotas": quotas_of(callee.invitation.survey_id),
    }
    going = _going(request, callee)
    if going is None:
        return show(request, "feedback/call_over.html", **context, **_over(callee))
    context |= _script(request, callee, going)
    return show(request, "feedback/call.html", **context)


def _callee(request: HttpRequest, callee_id: int) -> Callee:
    rows = Callee.objects.select_related(
        "invitation__customer", "invitation__survey", "invitation__version", "operator"
    )
    return get_seen(Callee, callee_id, seen_by=viewer(request), rows=rows)


def _going(request: HttpRequest, callee: Callee) -> Call | None:
    """The call of whoever looks, where it goes on."""
    if callee.operator_id != request.user.pk or callee.closed_at is not None:
        return None
    return Call.objects.filter(callee=callee, ended_at__isnull=True).first()


def _past(one: Call, zone: str) -> dict[str, Any]:
    known = OUTCOMES.get(one.outcome)
    back_at = clock_in(zone, one.call_back_at) if one.call_back_at else None
    return {"call": one, "label": _(known.label) if known else _("goes on"), "back_at": back_at}


def _over(callee: Callee) -> dict[str, Any]:
    """What is said to the person at the end, and what follows for the list."""
    step = find_script(callee)
    told = {"label": _(OUTCOMES[callee.outcome].label) if callee.outcome in OUTCOMES else ""}
    if step is not None and step.talk.end in ("complete", "full"):
        told |= {"words": say_turn(step.definition, step.talk).text, "spoken": step.talk.language}
    return told


def _script(request: HttpRequest, callee: Callee, going: Call) -> dict[str, Any]:
    step = find_script(callee)
    has_begun = going.asked_at is not None and step is not None
    language = step.talk.language if step else language_of(callee.invitation)
    definition = definition_of(callee.invitation.version)
    language = definition.best_language([one for one in (language,) if one])
    told: dict[str, Any] = {
        "going": going,
        "has_begun": has_begun,
        "spoken": language,
        "outcomes": [_button(name, one) for name, one in OUTCOMES.items() if one.key],
        "asks_recording": operator_settings().recording == "yes",
    }
    if not has_begun or step is None:
        own = words_of_introduction(language)
        said = greeting(definition, language, operator=str(request.user), own=own)
        return told | {"said": said}
    number, count = progress(definition, step.talk)
    others = [code for code in definition.languages if code != step.talk.language]
    return told | {
        "asked": _question(request, step),
        "at": step.talk.at,
        "number": number,
        "count": count,
        "is_first": not step.talk.asked,
        "languages": [(code, language_name(code)) for code in others],
    }


def _button(name: str, one: Outcome) -> dict[str, Any]:
    return {
        "name": name,
        "label": _(one.label),
        "key": one.key,
        "code": f"Key{one.key}",
        "asks": one.follows in ("end", "call_back"),
    }


def _question(request: HttpRequest, step: Step, given: Any = None) -> Asked:
    """The present question in the words of a call, with what was answered before."""
    talk, definition = step.talk, step.definition
    sitting = sitting_with(definition, talk.values)
    shown = shown_answers(definition, talk.values, talk.language, sitting=sitting)
    problems = {talk.problem.element: talk.problem} if talk.problem else {}
    if given is not None:
        sitting.values.replace({**sitting.values, **given})
    drawer = Drawer(sitting, shown, problems, talk.language)
    places = (place for one in sitting.pages() for place in sitting.places_on(one))
    place = next(one for one in places if one.question.name == talk.at)
    with translation.override(chrome(talk.language)):
        asked = drawer.question(place)
    words = words_for(definition, place.question, "voice")
    return replace(asked, title=text_for(words, shown, language=talk.language) or asked.title)


@page("listen/calls/<int:callee_id>/begin", needs=NEEDS)
@require_POST
def begin_call_script(request: HttpRequest, callee_id: int) -> Shown:
    """Begins the questions, with what the person said of recording."""
    found = _callee(request, callee_id)
    said = {"yes": True, "no": False}.get(request.POST.get("may_record", ""))
    try:
        begin_script(
            found.pk, operator_id=operator_of(request), may_record=said, now=timezone.now()
        )
    except Refused as refused:
        return _sorry(request, refused, callee_id)
    return redirect("feedback.call", callee_id)


@page("listen/calls/<int:callee_id>/answer", needs=NEEDS)
@require_POST
def answer_in_call(request: HttpRequest, callee_id: int) -> Shown:
    """Keeps the answer to the present question, or goes back, or changes the language."""
    callee = _callee(request, callee_id)
    step = find_script(callee)
    if step is None:
        return redirect("feedback.call", callee_id)
    given = values_in(step.definition, request.POST)
    if "rows" in request.POST and step.talk.at == request.POST.get("at"):
        drawn = with_rows(step.definition, given, request.POST)
        return _again(request, callee, drawn)
    try:
        step = go_on_with_script(
            callee.pk,
            _deed(request, given, step),
            operator_id=operator_of(request),
            now=timezone.now(),
        )
    except Refused as refused:
        return _sorry(request, refused, callee_id)
    if step.talk.problem is not None:
        return _again(request, callee, given, step)
    return redirect("feedback.call", callee_id)


def _deed(request: HttpRequest, given: dict[str, Any], step: Step) -> Deed:
    name = request.POST.get("at", "")
    if "lang" in request.POST:
        return Deed("language", language=request.POST["lang"][:10])
    if request.POST.get("go") == "back":
        return Deed("back")
    question = step.definition.find_question(name)
    comment = str(given.get(question.comment_name) or "") if question else ""
    return Deed("answer", name, given.get(name), comment)


def _again(
    request: HttpRequest, callee: Callee, given: dict[str, Any], faulty: Step | None = None
) -> Shown:
    """The same question with what was entered, and with what is wrong with it."""
    going, step = _going(request, callee), faulty or find_script(callee)
    if going is None or step is None:
        return redirect("feedback.call", callee.pk)
    eyes, customer = eyes_of(request), callee.invitation.customer
    context = _script(request, callee, going) | {"asked": _question(request, step, given)}
    return show(
        request,
        "feedback/call.html",
        status=422 if faulty else 200,
        callee=callee,
        name=eyes.name(customer),
        phone=eyes.fact(customer.pk, "phone", customer.phone),
        may_dial=eyes.sees(customer.pk),
        there=clock_in(zone_of(callee), timezone.now()),
        quotas=quotas_of(callee.invitation.survey_id),
        has_errors=faulty is not None,
        **context,
    )


@page("listen/calls/<int:callee_id>/end/<slug:outcome>", needs=NEEDS)
def end_call(request: HttpRequest, callee_id: int, outcome: str) -> Shown:
    """Ends the call as the operator says, with a note, and for a call-back with the time."""
    callee = _callee(request, callee_id)
    known = OUTCOMES.get(outcome)
    if known is None or not known.key or _going(request, callee) is None:
        return redirect("feedback.call", callee_id)
    there, asked = clock_in(zone_of(callee), timezone.now()), request.method == "POST"
    soon = there.at.replace(minute=0, second=0) + timedelta(hours=2)
    given = request.POST if asked else None
    form = EndForm(given, outcome=outcome, initial={"call_back_at": soon})
    with timezone.override(ZoneInfo(there.zone)):
        is_valid = form.is_valid()
    if asked and is_valid:
        try:
            return _ended(request, callee, outcome, form.cleaned_data)
        except Conflict as taken:
            return _sorry(request, taken, callee_id)
        except Refused as refused:
            blame(form, refused)
    return show_form(
        request,
        "feedback/_end_call.html" if "HX-Request" in request.headers else "feedback/end_call.html",
        form=form,
        callee=callee,
        label=_(known.label),
        outcome=outcome,
        there=there,
    )


def _ended(request: HttpRequest, callee: Callee, outcome: str, told: dict[str, Any]) -> Shown:
    back_at: datetime | None = told.get("call_back_at")
    end = CallEnd(outcome, told["note"], back_at)
    note_outcome(callee.pk, end, operator_id=operator_of(request), now=timezone.now())
    say(request, _("On record: %(outcome)s.") % {"outcome": _(OUTCOMES[outcome].label)})
    return redirect("feedback.call", callee.pk)


@page("listen/calls/<int:callee_id>/quotas", needs=NEEDS)
def call_quotas(request: HttpRequest, callee_id: int) -> Shown:
    """The quota counters of the survey, as they are now."""
    callee = _callee(request, callee_id)
    return show(
        request,
        "feedback/_call_quotas.html",
        callee=callee,
        quotas=quotas_of(callee.invitation.survey_id),
    )


def _sorry(request: HttpRequest, refused: Refused, callee_id: int) -> Shown:
    words = {
        "not_yours": _("This call has ended, or another operator has this person."),
        "recording_not_asked": _("Ask first whether the call may be recorded."),
    }
    say(request, words.get(refused.code, refused.message), tone="bad")
    return redirect("feedback.call", callee_id)
