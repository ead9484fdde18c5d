"""Who serves customers: names and teams by the codes that tills and files name people with."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.actions import AgentInput, add_agents, change_agent, remove_agent
from regulars.company.models import Agent
from regulars.company.queries import agents_by_code, find_agents, in_order
from regulars.company.rules import AGENT_CODE_MAX
from regulars.core.access import get_seen
from regulars.core.errors import Conflict, Refused
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

NEEDS = "personal.change_agent"
PER_PAGE = 50
ORDERS = {"code": ("code",), "name": ("name", "code"), "team": ("team", "name", "code")}


class AgentForm(forms.Form):
    """Somebody who serves customers."""

    code = forms.CharField(
        label=_("Code"),
        max_length=AGENT_CODE_MAX,
        help_text=_("As tills and files name this person; it stays"),
    )
    name = forms.CharField(label=_("Full name"), max_length=100, required=False)
    name_ru = forms.CharField(label=_("Full name in Russian"), max_length=100, required=False)
    team = forms.CharField(
        label=_("Team"),
        max_length=100,
        required=False,
        help_text=_("People of one team are compared as one"),
    )


@page(
    "settings/agents",
    needs=NEEDS,
    title=_("Who serves customers"),
    setting=Setting(
        _("Who serves customers"), _("Names and teams by the codes of tills"), "people", 41
    ),
)
def agents(request: HttpRequest) -> Shown:
    """Everybody whom a purchase, a visit or an answer named, and who was described beforehand."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    rows = find_agents(text).order_by(*in_order(request.GET.get("sort", ""), ORDERS))
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return show(request, "company/agents.html", listed=listed, query=text)


@page("settings/agents/new", needs=NEEDS, title=_("Add somebody who serves"))
def new_agent(request: HttpRequest) -> Shown:
    """A form for somebody whose code nothing has named yet."""
    form = AgentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = AgentInput(**form.cleaned_data)
        try:
            if agents_by_code([told.code]):
                raise Conflict("known_code", gettext("Somebody has this code already"), "code")
            (added,) = add_agents([told])
            if added.refused:
                raise added.refused
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("It is saved."))
            return redirect("company.agents")
    return show_form(request, "company/agent_form.html", form=form, agent=None)


@page("settings/agents/<int:agent_id>", needs=NEEDS)
def agent(request: HttpRequest, agent_id: int) -> Shown:
    """One of them: name and team."""
    found = _get(request, agent_id)
    initial = {name: getattr(found, name) for name in AgentForm.base_fields}
    form = AgentForm(request.POST or None, initial=initial)
    form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            change_agent(found, AgentInput(**form.cleaned_data))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("It is saved."))
            return redirect("company.agents")
    return show_form(request, "company/agent_form.html", form=form, agent=found)


@page("settings/agents/<int:agent_id>/remove", needs=NEEDS)
def forget_agent(request: HttpRequest, agent_id: int) -> Shown:
    """Asks once more, and forgets who this is and whom they served."""
    found = _get(request, agent_id)
    if request.method != "POST":
        return show(request, "company/forget_agent.html", agent=found)
    remove_agent(found)
    say(request, gettext("Forgotten; purchases and answers stay."))
    return redirect("company.agents")


def _get(request: HttpRequest, agent_id: int) -> Agent:
    user: Any = request.user
    return get_seen(Agent, agent_id, seen_by=user)
