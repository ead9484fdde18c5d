"""Which answers open a follow-up, whose it is, and how many working hours there are."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from regulars.company.models import Employee
from regulars.core.access import seen
from regulars.core.errors import Refused
from regulars.feedback.actions.follow_up_rules import (
    OWNER_ROLES,
    RuleInput,
    add_follow_up_rule,
    remove_follow_up_rule,
    switch_follow_up_rule,
)
from regulars.feedback.models import FollowUpRule, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.rules.following import HOURS_MAX, Hours
from regulars.feedback.shown import LABELS, SHORT_LABELS, tabs
from regulars.journey.models import Touchpoint
from regulars.web.pages import Shown, blame, page, show_form

ROLE_LABELS = {
    "owner": gettext_lazy("Owner"),
    "cx_manager": gettext_lazy("Experience manager"),
    "support_lead": gettext_lazy("Support lead"),
    "store_manager": gettext_lazy("Store manager"),
}
WEEKDAYS = (
    gettext_lazy("Mon"),
    gettext_lazy("Tue"),
    gettext_lazy("Wed"),
    gettext_lazy("Thu"),
    gettext_lazy("Fri"),
    gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)


class RuleForm(forms.Form):
    """A rule: which answers, whose, by when."""

    survey = forms.ModelChoiceField(
        label=gettext_lazy("Survey"),
        queryset=Survey.objects.none(),
        required=False,
        empty_label=gettext_lazy("every survey"),
    )
    touchpoint = forms.ModelChoiceField(
        label=gettext_lazy("Touchpoint"),
        queryset=Touchpoint.objects.none(),
        required=False,
        empty_label=gettext_lazy("every touchpoint"),
    )
    measure = forms.ChoiceField(label=gettext_lazy("Measure"), required=False)
    score_max = forms.FloatField(
        label=gettext_lazy("Score at most"),
        required=False,
        help_text=gettext_lazy(
            "Only with a measure; without one, whoever is unhappy by its scale."
        ),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Owned by somebody of the role"),
        required=False,
        help_text=gettext_lazy(
            "The least busy one; a store manager only for the own stores. Nobody fits: it waits for whoever takes it."
        ),
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("Or by this person"),
        queryset=Employee.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody in particular"),
    )
    within_hours = forms.IntegerField(
        label=gettext_lazy("Within working hours"), min_value=1, max_value=HOURS_MAX, initial=8
    )
    opens = forms.TimeField(
        label=gettext_lazy("Work begins"),
        initial="09:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    closes = forms.TimeField(
        label=gettext_lazy("Work ends"),
        initial="18:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("By the clock of the store."),
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Working days"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(at), label) for at, label in enumerate(WEEKDAYS)],
        initial=[str(at) for at in range(5)],
    )

    def __init__(self, *arguments: Any, request: HttpRequest, **named: Any) -> None:
        super().__init__(*arguments, **named)
        fields: Any = self.fields
        fields["survey"].queryset = seen(Survey, viewer(request)).order_by("name")
        fields["touchpoint"].queryset = Touchpoint.objects.select_related("stage").order_by("pk")
        fields["owner"].queryset = Employee.objects.filter(
            is_active=True, role__in=OWNER_ROLES
        ).order_by("name", "pk")
        fields["measure"].choices = [("", _("any measure")), *LABELS.items()]
        roles = [(role, ROLE_LABELS.get(role, role)) for role in OWNER_ROLES]
        fields["role"].choices = [("", _("nobody")), *roles]
        fields["role"].initial = "store_manager"

    def wanted(self) -> RuleInput:
        """The rule as it was filled in."""
        told = self.cleaned_data
        days = frozenset(int(one) for one in told["weekdays"])
        same = ("survey", "touchpoint", "measure", "score_max", "owner", "within_hours")
        return RuleInput(
            **{name: told[name] for name in same},
            owner_role=told["role"],
            week=Hours(told["opens"], told["closes"], days),
        )


@page(
    "listen/follow-ups/rules",
    needs="feedback.edit_survey",
    title=gettext_lazy("Rules of follow-up"),
)
def follow_up_rules(request: HttpRequest) -> Shown:
    """The rules, and a form for a further one."""
    form = RuleForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            add_follow_up_rule(form.wanted(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("feedback.follow_up_rules")
    rules = FollowUpRule.objects.select_related("survey", "touchpoint__stage", "owner")
    return show_form(
        request,
        "feedback/follow_up_rules.html",
        form=form,
        tabs=tabs("follow_ups", request),
        rows=[{"rule": rule, "sentence": in_words(rule)} for rule in rules.order_by("pk")],
    )


@page("listen/follow-ups/rules/<int:rule_id>", needs="feedback.edit_survey")
@require_POST
def change_follow_up_rule(request: HttpRequest, rule_id: int) -> Shown:
    """Lets a rule hold or rest, or takes it away."""
    act = request.POST.get("act")
    if act == "remove":
        remove_follow_up_rule(rule_id)
    else:
        switch_follow_up_rule(rule_id, is_on=act == "on")
    return redirect("feedback.follow_up_rules")


def in_words(rule: FollowUpRule) -> str:
    """What a rule says, as a sentence."""
    measure = SHORT_LABELS.get(rule.measure, "").partition(",")[0]
    score = f"{measure} ≤ {rule.score_max:g}" if rule.score_max is not None else _("Unhappy")
    about = [str(one) for one in (rule.survey, rule.touchpoint) if one is not None]
    whose = str(rule.owner or ROLE_LABELS.get(rule.owner_role) or _("nobody"))
    days = ", ".join(str(WEEKDAYS[at]) for at in rule.weekdays)
    clock = "–".join(time_format(one, "TIME_FORMAT") for one in (rule.opens, rule.closes))
    return _(
        "%(score)s (%(about)s): %(whose)s, within %(hours)s working hours (%(days)s %(clock)s)."
    ) % {
        "score": score,
        "about": " · ".join(about) or _("every survey"),
        "whose": whose,
        "hours": rule.within_hours,
        "days": days,
        "clock": clock,
    }
