"""Plans of asking: whom, when, by which channel; and why somebody was asked or was not."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from regulars.channels.kind import channel_kinds
from regulars.channels.queries.explaining import explain
from regulars.core.access import get_seen, seen
from regulars.core.errors import Refused
from regulars.customers.models import Customer, Segment
from regulars.customers.queries.segments import choosable_segments
from regulars.customers.rules.consents import CHANNELS
from regulars.feedback.actions.plans import PlanInput, check_plan, set_plan, switch_plan
from regulars.feedback.models import AskingPlan, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.plans import (
    candidates_of,
    counts_of_plans,
    explained,
    get_plan,
    said_by,
    standings_of,
    why_asked,
)
from regulars.feedback.queries.plans import plans as all_plans
from regulars.feedback.rules.plans import TRIGGERS, steps_of
from regulars.feedback.shown import tabs
from regulars.web.frame import say
from regulars.web.pages import Shown, blame, page, show, show_form

ROWS = 25
STATES = {
    "waiting": (gettext_lazy("Waits"), ""),
    "asked": (pgettext_lazy("asking", "Asked"), "good"),
    "over": (pgettext_lazy("asking", "Done"), "good"),
    "not_asked": (gettext_lazy("Not asked"), "warn"),
}


SAID = {
    "share_per_mille": gettext_lazy("Share that is asked"),
    "every_days": gettext_lazy("The same person again after"),
    "reminder_days": gettext_lazy("Reminders after"),
}
"""What a survey may say for its plans."""


class PlanForm(forms.Form):
    """A plan of asking."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    survey = forms.ModelChoiceField(
        label=gettext_lazy("Survey"), queryset=Survey.objects.none(), empty_label=None
    )
    trigger = forms.ChoiceField(label=gettext_lazy("Asks"))
    subject = forms.CharField(
        label=gettext_lazy("Which one"),
        max_length=254,
        required=False,
        help_text=gettext_lazy(
            "Code of the touchpoint, name of the event or code of the segment; empty for purchases"
            " and returns."
        ),
    )
    segment = forms.ModelChoiceField(
        label=gettext_lazy("Only customers in"),
        queryset=Segment.objects.none(),
        required=False,
        empty_label=gettext_lazy("everybody"),
    )
    share_percent = forms.DecimalField(
        label=gettext_lazy("Share that is asked, %"),
        min_value=0.1,
        max_value=100,
        decimal_places=1,
        required=False,
        help_text=gettext_lazy(
            "Drawn by lot, the same people each time. Empty: as the survey says."
        ),
    )
    delay_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes after"), min_value=0, max_value=60 * 24 * 90, initial=0
    )
    every_days = forms.IntegerField(
        label=gettext_lazy("The same person again after days"),
        min_value=0,
        max_value=3650,
        required=False,
        help_text=gettext_lazy(
            "0 leaves it to the contact budget. For the clock: how often. Empty: as the survey says."
        ),
    )
    hours_from = forms.TimeField(
        label=gettext_lazy("Asks from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    hours_until = forms.TimeField(
        label=gettext_lazy("Asks until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("By the clock of the customer's usual store."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("First channel"), required=False)
    second_channel = forms.ChoiceField(label=gettext_lazy("Then by"), required=False)
    second_after = forms.IntegerField(
        label=gettext_lazy("after minutes without an answer"),
        min_value=1,
        max_value=60 * 24 * 30,
        required=False,
        initial=120,
    )
    third_channel = forms.ChoiceField(label=gettext_lazy("At last by"), required=False)
    third_after = forms.IntegerField(
        label=gettext_lazy("after minutes in all"),
        min_value=1,
        max_value=60 * 24 * 30,
        required=False,
        initial=1440,
    )
    reminders = forms.RegexField(
        label=gettext_lazy("Reminders after days"),
        regex=r"^\s*(\d{1,3}\s*(,\s*\d{1,3}\s*)*)?$",
        required=False,
        help_text=gettext_lazy(
            "Such as 3, 7; 0 for none. They stop as soon as somebody answers. Empty: as the survey says."
        ),
    )
    is_on = forms.BooleanField(label=gettext_lazy("Asks now"), required=False, initial=True)

    def __init__(self, *arguments: Any, request: HttpRequest, **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: Any = self.fields
        fields["survey"].queryset = seen(Survey, viewer(request)).order_by("name")
        fields["segment"].queryset = choosable_segments(self.initial.get("segment"))
        fields["trigger"].choices = [(key, _(label)) for key, label in TRIGGERS.items()]
        kinds = [(key, str(kind.label)) for key, kind in channel_kinds.kinds().items()]
        fields["channel"].choices = [("", _("The usual one")), *kinds]
        for name in ("second_channel", "third_channel"):
            fields[name].choices = [("", _("none")), *kinds]

    def wanted(self) -> PlanInput:
        """The plan as it was filled in."""
        told = self.cleaned_data
        modes = [(told["channel"], 0)]
        modes += [
            (told[f"{place}_channel"], told[f"{place}_after"] or 0)
            for place in ("second", "third")
            if told[f"{place}_channel"]
        ]
        share = told["share_percent"]
        same = ("trigger", "subject", "segment", "delay_minutes", "every_days", "is_on", "name")
        return PlanInput(
            **{name: told[name] for name in (*same, "hours_from", "hours_until")},
            share_per_mille=None if share is None else round(share * 10),
            modes=tuple(modes),
            reminder_days=_days(told["reminders"]),
        )


def _days(text: str) -> tuple[int, ...] | None:
    """The days that were written; none for a lone 0, and None where nothing was."""
    days = tuple(int(one) for one in text.split(",") if one.strip())
    return () if days == (0,) else days or None


@page("listen/plans", needs="feedback.view_survey", title=gettext_lazy("Plans of asking"))
def plans(request: HttpRequest) -> Shown:
    """All plans with how many people wait, were asked and were not."""
    counts = counts_of_plans(seen_by=viewer(request))
    return show(
        request,
        "feedback/plans.html",
        tabs=tabs("plans", request),
        rows=[_row(plan, counts.get(plan.pk, {})) for plan in all_plans()],
    )


def _row(plan: AskingPlan, counts: Any) -> dict[str, Any]:
    return {
        "plan": plan,
        "sentence": in_words(plan),
        "waiting": counts.get("waiting", 0),
        "asked": counts.get("asked", 0) + counts.get("over", 0),
        "not_asked": counts.get("not_asked", 0),
    }


def in_words(plan: AskingPlan) -> str:
    """What a plan does, as a sentence."""
    trigger = _(TRIGGERS[plan.trigger])
    parts = [f"{trigger}: {plan.subject}" if plan.subject else trigger]
    if plan.segment:
        parts.append(_("only %(segment)s") % {"segment": plan.segment})
    if plan.share_per_mille < 1000:
        parts.append(_("%(share)s%% of people") % {"share": f"{plan.share_per_mille / 10:g}"})
    if plan.delay_minutes:
        parts.append(_("after %(span)s") % {"span": _span(timedelta(minutes=plan.delay_minutes))})
    parts += [_step_in_words(step) for step in steps_of(plan.modes, plan.reminder_days)[1:]]
    return "; ".join(parts) + "."


def _step_in_words(step: Any) -> str:
    channel = _(CHANNELS.get(step.channel, step.channel)) or _("The usual one")
    named = {"channel": channel, "span": _span(step.after)}
    if step.kind == "reminder":
        return _("reminder after %(span)s") % named
    return _("%(channel)s after %(span)s") % named


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes % 1440 == 0:
        days = minutes // 1440
        return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
    if minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}


@page("listen/plans/new", needs="feedback.edit_survey", title=gettext_lazy("New plan of asking"))
def new_plan(request: HttpRequest) -> Shown:
    """A new plan."""
    return _edited(request, None)


@page("listen/plans/<int:asking_plan_id>/edit", needs="feedback.edit_survey")
def edit_plan(request: HttpRequest, asking_plan_id: int) -> Shown:
    """Changes a plan; its survey and its name stay, for they are what it is known by."""
    return _edited(request, get_plan(asking_plan_id))


def _edited(request: HttpRequest, plan: AskingPlan | None) -> Shown:
    asked = _asked_survey(request, plan)
    form = PlanForm(request.POST or None, request=request, initial=_initial(plan, asked))
    if plan is not None:
        form.fields["survey"].disabled = form.fields["name"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            check_plan(form.wanted())
            made = set_plan(form.cleaned_data["survey"], form.wanted(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The plan is saved."))
            return redirect("feedback.plan_home", made.pk)
    said = {"asked": asked, "said": _said(asked) if asked else []}
    return show_form(request, "feedback/edit_plan.html", form=form, plan=plan, **said)


def _asked_survey(request: HttpRequest, plan: AskingPlan | None) -> Survey | None:
    """The survey of the plan; of a new one what was chosen, else the first that there is."""
    if plan is not None:
        return plan.survey
    rows = seen(Survey, viewer(request)).order_by("name")
    chosen = request.POST.get("survey") or request.GET.get("survey", "")
    known = rows.filter(pk=int(chosen)) if chosen.isdecimal() and len(chosen) < 19 else rows
    return known.first() or rows.first()


def _said(survey: Survey) -> list[tuple[str, str]]:
    """What the survey says for plans that leave it out."""
    words = _said_in_words(said_by(survey).settings)
    return [(str(SAID[name]), each) for name, each in words]


def _with_source(plan: AskingPlan) -> list[tuple[str, str, int | None]]:
    """Share, days and reminders, each with the version of the survey that says it, or None."""
    values = {name: getattr(plan, name) for name in SAID}
    return [
        (str(SAID[name]), words, plan.taken.get(name)) for name, words in _said_in_words(values)
    ]


def _said_in_words(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Share, days and reminders by name, as people read them."""
    days = settings["every_days"]
    reminders = [_span(timedelta(days=one)) for one in settings["reminder_days"]]
    return [
        (name, words)
        for name, words in {
            "share_per_mille": f"{settings['share_per_mille'] / 10:g} %",
            "every_days": _span(timedelta(days=days)) if days else _("as the contact budget says"),
            "reminder_days": ", ".join(reminders) or _("none"),
        }.items()
        if name in settings
    ]


def _initial(plan: AskingPlan | None, survey: Survey | None) -> dict[str, Any]:
    if plan is None:
        return {"survey": survey}
    found = {
        name: getattr(plan, name)
        for name in ("name", "survey", "trigger", "subject", "segment", "delay_minutes")
    }
    found |= {"every_days": plan.every_days, "is_on": plan.is_on}
    found |= {"hours_from": plan.hours_from, "hours_until": plan.hours_until}
    found |= {"share_percent": plan.share_per_mille / 10}
    found |= {"reminders": ", ".join(map(str, plan.reminder_days)) or "0"}
    for place, mode in zip(("", "second_", "third_"), plan.modes, strict=False):
        found[f"{place}channel"] = mode["channel"]
        found[f"{place}after"] = mode["after_minutes"]
    return found


@page("listen/plans/<int:asking_plan_id>", needs="feedback.view_survey")
def plan_home(request: HttpRequest, asking_plan_id: int) -> Shown:
    """One plan: what it does, how its candidates stand and why, and each of them."""
    plan, user = get_plan(asking_plan_id), viewer(request)
    listed = Paginator(candidates_of(plan, seen_by=user), ROWS).get_page(request.GET.get("page"))
    return show(
        request,
        "feedback/plan_home.html",
        plan=plan,
        sentence=in_words(plan),
        settings=_with_source(plan),
        standings=[(STATES[one.state], one) for one in standings_of(plan, seen_by=user)],
        listed=listed,
        rows=[(STATES[one.state], explained(one)) for one in listed],
    )


@page("listen/plans/<int:asking_plan_id>/switch", needs="feedback.edit_survey")
@require_POST
def switch(request: HttpRequest, asking_plan_id: int) -> Shown:
    """Lets a plan ask, or stops it."""
    plan = get_plan(asking_plan_id)
    is_on = request.POST.get("on") == "yes"
    switch_plan(plan, is_on=is_on)
    say(request, _("The plan asks.") if is_on else _("The plan asks nobody any more."))
    return redirect("feedback.plan_home", plan.pk)


@page("customers/<int:customer_id>/asked", needs="customers.view_customer")
def asked(request: HttpRequest, customer_id: int) -> Shown:
    """Why a person was or was not asked: every plan that thought of them, and the door as it is now."""
    user = viewer(request)
    found = get_seen(Customer, customer_id, seen_by=user)
    kinds = channel_kinds.kinds()
    door = explain(found.pk, now=timezone.now(), purposes=["survey"])
    return show(
        request,
        "feedback/asked.html",
        customer=found,
        rows=[(STATES[one.candidate.state], one) for one in why_asked(found.pk, seen_by=user)],
        door=[(str(kinds[one.channel].label), one) for one in door],
    )
