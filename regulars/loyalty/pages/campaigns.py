"""Campaigns of a program: what each may spend, what is left, and the rules that spend it."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.timezone import now as moment_of_now
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.loyalty.actions.campaigns import (
    CampaignInput,
    change_campaign,
    open_campaign,
    switch_campaign,
)
from regulars.loyalty.models import Campaign, Program, Unit
from regulars.loyalty.pages.addresses import program_of
from regulars.loyalty.pages.refusals import blame_in_words
from regulars.loyalty.queries.campaigns import campaigns_of
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, show_form


class CampaignForm(forms.Form):
    """Name and budget of a campaign; money is written in whole units."""

    name = forms.CharField(label=_("Name"), max_length=100)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=100, required=False)
    unit = forms.ChoiceField(label=_("What members get"))
    budget = forms.IntegerField(
        label=_("Budget"),
        min_value=1,
        max_value=10**12,
        required=False,
        help_text=_("In points, or whole units of money; empty where there is no end."),
    )

    def __init__(self, *told: Any, program: Program, **more: Any) -> None:
        super().__init__(*told, **more)
        russian = (get_language() or "").startswith("ru")
        units = list(Unit.objects.filter(program=program).order_by("id"))
        self.fields["unit"].choices = [  # type: ignore[attr-defined]
            (unit.code, (russian and unit.name_ru) or unit.name) for unit in units
        ]
        self.scales = {unit.code: scale_of(unit, program) for unit in units}

    @property
    def entry(self) -> CampaignInput:
        """What the filled-in form means."""
        told = self.cleaned_data
        budget = told["budget"]
        return CampaignInput(
            name=told["name"],
            unit=told["unit"],
            budget=None if budget is None else budget * self.scales[told["unit"]],
            name_ru=told["name_ru"],
        )


def scale_of(unit: Unit, program: Program) -> int:
    """How many of a unit are one of what people write: minor units of money, else 1."""
    return minor_per_unit(program.currency) if unit.kind == "money" else 1


@page("loyalty/<slug:code>/campaigns", needs="loyalty.view_rule")
def campaigns(request: HttpRequest, code: str) -> Shown:
    """The campaigns with budget, spent and left, and the rules of each in words."""
    program = program_of(code)
    return show(request, "loyalty/campaigns.html", program=program, campaigns=campaigns_of(program))


@page("loyalty/<slug:code>/campaigns/new", needs="loyalty.edit_rule")
def new_campaign(request: HttpRequest, code: str) -> Shown:
    """A campaign, which rules may name from then on."""
    program = program_of(code)
    form = CampaignForm(request.POST or None, program=program)
    if request.method == "POST" and form.is_valid():
        taken = Campaign.objects.filter(program=program).count()
        named = f"{slugify(form.cleaned_data['name'])[:30] or 'campaign'}-{taken + 1}"
        try:
            open_campaign(program, named, form.entry, now=moment_of_now())
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The campaign is open: let rules pay from its budget."))
            return redirect("loyalty.campaigns", code=code)
    return show_form(request, "loyalty/campaign.html", form=form, program=program, campaign=None)


@page("loyalty/<slug:code>/campaigns/<int:campaign_id>", needs="loyalty.edit_rule")
def edit_campaign(request: HttpRequest, code: str, campaign_id: int) -> Shown:
    """Another name or budget for a campaign."""
    program = program_of(code)
    campaign = _campaign(request, program, campaign_id)
    budget = campaign.budget
    form = CampaignForm(
        request.POST or None,
        program=program,
        initial={
            "name": campaign.name,
            "name_ru": campaign.name_ru,
            "unit": campaign.unit.code,
            "budget": None if budget is None else budget // scale_of(campaign.unit, program),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_campaign(campaign, form.entry)
        except Refused as refused:
            blame_in_words(form, refused)
        else:
            say(request, gettext("The campaign is changed."))
            return redirect("loyalty.campaigns", code=code)
    return show_form(
        request, "loyalty/campaign.html", form=form, program=program, campaign=campaign
    )


@page("loyalty/<slug:code>/campaigns/<int:campaign_id>/switch", needs="loyalty.edit_rule")
def switch(request: HttpRequest, code: str, campaign_id: int) -> Shown:
    """Closes an open campaign or opens a closed one."""
    campaign = _campaign(request, program_of(code), campaign_id)
    if request.method == "POST":
        is_open = switch_campaign(campaign, is_open=request.POST.get("open") == "1").is_open
        told = gettext("The campaign is open.") if is_open else gettext("The campaign is closed.")
        say(request, told)
    return redirect("loyalty.campaigns", code=code)


def _campaign(request: HttpRequest, program: Program, campaign_id: int) -> Campaign:
    rows = Campaign.objects.filter(program=program).select_related("unit", "program")
    return get_seen(Campaign, campaign_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
