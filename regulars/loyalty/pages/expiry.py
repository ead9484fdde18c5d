"""Expiry of points: how long those of each unit live, and a form for the next version of it."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.errors import Refused
from regulars.loyalty.actions.prolonging import set_expiry
from regulars.loyalty.actions.reminding import LONGEST, set_reminders
from regulars.loyalty.models import Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.expiry_sentences import expiry_told
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.reminders import reminded_since
from regulars.loyalty.rules.expiry import Expiry
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show_form

KINDS = (
    ("never", _("Never")),
    ("months", _("So many months after they were granted")),
    ("rolling", _("So many months after the latest purchase or spending")),
    ("year_end", _("With the end of a year")),
    ("fixed_dates", _("On fixed days of the year")),
)
ROUNDING = (
    ("", _("not rounded")),
    ("month", _("to the end of the month")),
    ("quarter", _("to the end of the quarter")),
    ("half_year", _("to the end of the half-year")),
    ("year", _("to the end of the year")),
)
SHOWN = timedelta(days=30)
NUMBERED = ("months", "rolling")
ROW = re.compile(r"^\s*(\d\d-\d\d)\s+(\d\d-\d\d)\s+(\d\d-\d\d)\s*$")


class ExpiryForm(forms.Form):
    """How long points of a unit live from now on."""

    kind = forms.ChoiceField(label=_("When points expire"), choices=KINDS, widget=forms.RadioSelect)
    months = forms.IntegerField(
        label=_("After so many months"),
        help_text=_("To the end of the day. Only where months count."),
        min_value=0,
        max_value=600,
        required=False,
    )
    round_up = forms.ChoiceField(label=_("Rounded up"), choices=ROUNDING, required=False)
    years = forms.IntegerField(
        label=_("So many years after the year of earning"),
        help_text=_("0 is the year of earning itself. Only where a year ends."),
        min_value=0,
        max_value=50,
        required=False,
    )
    table = forms.CharField(
        label=_("Fixed days"),
        help_text=_(
            "A line for each part of the year: its first day, its last day, and the day on which"
            " what was earned in it is gone, each as month-day: 01-01 06-30 12-31"
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=1_000,
    )
    reaches_old = forms.BooleanField(
        label=_("Points that have no end yet count from today"),
        help_text=_("Otherwise only points granted from now on are concerned."),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """The expiry; what its kind does not ask for is left aside."""
        told = super().clean() or {}
        kind = told.get("kind")
        if kind in NUMBERED and told.get("months") is None and "months" not in self.errors:
            self.add_error("months", gettext("Say after how many months."))
        lines = [line for line in told.get("table", "").splitlines() if line.strip()]
        rows = [found.groups() for line in lines if (found := ROW.match(line))]
        if kind == "fixed_dates" and (not rows or len(rows) < len(lines)):
            self.add_error("table", gettext("Write three days in each line, as 01-01 06-30 12-31."))
        told["rows"] = rows
        return told

    def expiry(self) -> dict[str, Any]:
        """The expiry as the setting has it."""
        told = self.cleaned_data
        kind = told["kind"]
        found: dict[str, Any] = {"kind": kind}
        if kind in NUMBERED:
            found |= {"months": told["months"], "round_up": told["round_up"] or None}
        if kind == "year_end":
            found["years"] = told["years"] or 0
        if kind == "fixed_dates":
            found["table"] = [
                {"from": since, "to": to, "expires": gone} for since, to, gone in told["rows"]
            ]
        return found


class RemindersForm(forms.Form):
    """When members hear that points expire."""

    days = forms.IntegerField(
        label=_("Days before points expire"),
        help_text=_("Empty: nobody is reminded."),
        min_value=1,
        max_value=LONGEST,
        required=False,
    )


@page("loyalty/<slug:code>/expiry", needs="loyalty.view_program")
def expiry(request: HttpRequest, code: str) -> Shown:
    """How long points of each unit live, now and before."""
    program = program_of(code)
    form = RemindersForm(request.POST or None, initial={"days": program.reminds_days})
    may_change = request.method == "POST" and request.user.has_perm("loyalty.edit_program")
    if may_change and form.is_valid():
        set_reminders(program, form.cleaned_data["days"])
        say(request, gettext("Saved."))
        return redirect("loyalty.expiry", code=program.code)
    units = Unit.objects.filter(program=program).exclude(kind="qualifying").order_by("id")
    return show_form(
        request,
        "loyalty/expiry.html",
        form=form,
        reminded=reminded_since(program, moment_of_now() - SHOWN),
        program=program,
        units=[(unit, expiry_told(unit.life.latest), _before(unit)) for unit in units],
    )


@page("loyalty/<slug:code>/expiry/<slug:unit>", needs="loyalty.edit_program")
def edit_expiry(request: HttpRequest, code: str, unit: str) -> Shown:
    """Another expiry of a unit, for points granted from now on."""
    program = program_of(code)
    row = Unit.objects.filter(program=program, code=unit).exclude(kind="qualifying").first()
    if row is None:
        raise Http404
    form = ExpiryForm(request.POST or None, initial=initial_of(row.life.latest))
    if request.method == "POST" and form.is_valid():
        reaches_old = form.cleaned_data["reaches_old"]
        try:
            set_expiry(row, form.expiry(), now=moment_of_now(), reaches_old=reaches_old)
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("In force for points granted from now on."))
            return redirect("loyalty.expiry", code=program.code)
    return show_form(request, "loyalty/expiry_form.html", form=form, program=program, unit=row)


def _before(unit: Unit) -> list[tuple[Any, str]]:
    """The versions that were in force before, the latest first, with the moment each ended."""
    versions = unit.life.versions
    return [
        (after.in_force_from, expiry_told(before.expiry))
        for before, after in reversed(list(pairwise(versions)))
    ]


def initial_of(told: Expiry) -> dict[str, Any]:
    """What a form of an expiry holds at first."""
    rows = [f"{row.since} {row.to} {row.expires}" for row in told.table]
    return {
        "kind": told.kind,
        "months": told.months or None,
        "round_up": told.round_up or "",
        "years": told.years,
        "table": "\n".join(rows),
        "reaches_old": told.kind == "never",
    }
