"""What returned goods take of points, and what points wait for: the terms of a program."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused
from regulars.loyalty.actions import TermsInput, set_terms
from regulars.loyalty.models import Program
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show_form

RETURNS = (
    ("keep", _("Nothing: earned points stay")),
    ("only_pending", _("Pending points only")),
    ("within_balance", _("What the balance covers; the rest is forgiven")),
    ("limited", _("All; the member may owe up to a limit")),
    ("unlimited", _("All; the member may owe any number")),
)
DEAD = (
    ("die", _("They expire again")),
    ("reinstate", _("They get a fresh life, counted from the return")),
)
PENDING = (
    ("none", _("At once")),
    ("days", _("After a number of days")),
    ("event", _("When the shop says so: delivered, or too late to return")),
)


class TermsForm(forms.Form):
    """A program's terms, as the loyalty manager sets them."""

    returns = forms.ChoiceField(
        label=_("What goods that come back take of the points they earned"),
        choices=RETURNS,
        widget=forms.RadioSelect,
    )
    debt_max = forms.IntegerField(
        label=_("How many points a member may owe at most"),
        help_text=_("Only where there is a limit. What is earned next pays the debt first."),
        required=False,
        min_value=0,
        max_value=10**12,
    )
    dead_points = forms.ChoiceField(
        label=_("Spent points that come back after they would have expired"),
        choices=DEAD,
        widget=forms.RadioSelect,
    )
    pending = forms.ChoiceField(
        label=_("When points of a purchase can be spent"),
        choices=PENDING,
        widget=forms.RadioSelect,
    )
    pending_days = forms.IntegerField(
        label=_("After so many days"),
        help_text=_("Only where points wait for days."),
        required=False,
        min_value=1,
        max_value=3650,
    )

    def clean(self) -> dict[str, Any]:
        """The terms; a number that its choice does not ask for is left aside."""
        told = super().clean() or {}
        if told.get("returns") != "limited":
            told["debt_max"] = None
        if told.get("pending") != "days" or told.get("pending_days") is None:
            told["pending_days"] = 0
        return told


@page("loyalty/<slug:code>/terms", needs="loyalty.edit_program")
def terms(request: HttpRequest, code: str) -> Shown:
    """The terms of a program, changed for returns and purchases from now on."""
    program = program_of(code)
    form = TermsForm(request.POST or None, initial=_shown(program))
    if request.method == "POST" and form.is_valid():
        try:
            set_terms(program, TermsInput(**form.cleaned_data))
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The terms are in force from now on."))
            return redirect("loyalty.home")
    return show_form(request, "loyalty/terms.html", form=form, program=program)


def _shown(program: Program) -> dict[str, Any]:
    return {
        "returns": program.returns,
        "debt_max": program.debt_max,
        "dead_points": program.dead_points,
        "pending": program.pending,
        "pending_days": program.pending_days or None,
    }
