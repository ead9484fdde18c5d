"""The contact budget in words: its rules, what goes for all of them, and why for one person."""

import math
import re
from typing import Any

from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from regulars.channels.actions import (
    change_contact_policy,
    change_contact_rule,
    remove_contact_rule,
)
from regulars.channels.kind import channel_kinds
from regulars.channels.models import ContactPolicy, ContactRule
from regulars.channels.queries.budgets import contact_policy, contact_rules, in_force
from regulars.channels.queries.explaining import Explained, explain
from regulars.channels.rules.budget import duration
from regulars.core.access import get_seen
from regulars.core.conditions.sentences import sentence
from regulars.core.errors import NotFound, Refused
from regulars.customers.models import Customer
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.consents import CHANNELS
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form

ON_EXCESS = [
    ("skip", gettext_lazy("Not sent at all")),
    ("delay", gettext_lazy("Sent later, if the rules allow it then")),
]
REMINDERS = [
    ("exempt", gettext_lazy("Neither limited nor counted")),
    ("counted", gettext_lazy("Treated like invitations")),
]


class RuleForm(forms.Form):
    """One rule of the contact budget."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    name_ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=100, required=False)
    scope = forms.CharField(
        label=pgettext_lazy("rule", "What it is about"),
        max_length=80,
        help_text=gettext_lazy("all, or purpose:marketing, survey:3, channel:email"),
    )
    max = forms.IntegerField(
        label=gettext_lazy("Contacts at most, with one person"), min_value=0, max_value=1000
    )
    window = forms.CharField(
        label=gettext_lazy("Within"),
        max_length=20,
        help_text=gettext_lazy("Elapsed time: P7D is seven days, PT12H twelve hours."),
    )
    on_excess = forms.ChoiceField(label=gettext_lazy("What is too much is"), choices=ON_EXCESS)
    delay = forms.CharField(
        label=gettext_lazy("Later by"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Only for what is sent later: P2D is two days."),
    )
    reminders = forms.ChoiceField(label=gettext_lazy("Reminders are"), choices=REMINDERS)
    spared = forms.MultipleChoiceField(
        label=gettext_lazy("Purposes it spares"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("They are neither limited nor counted."),
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place in the list"),
        min_value=0,
        max_value=10_000,
        help_text=gettext_lazy("The first rule that is broken decides."),
    )
    condition = forms.JSONField(
        label=gettext_lazy("Only for customers who"),
        required=False,
        help_text=gettext_lazy("A condition in JSON; empty is everybody."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    is_on = forms.BooleanField(label=gettext_lazy("In force"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        spared: Any = self.fields["spared"]
        spared.choices = list(purpose_names().items())


class PolicyForm(forms.Form):
    """What goes for all rules."""

    duplicate_window = forms.CharField(
        label=gettext_lazy("The same message not again within"), max_length=20, required=False
    )
    quiet_from = forms.TimeField(
        label=gettext_lazy("Quiet hours from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label=gettext_lazy("Quiet hours until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("By the clock of the customer's usual store."),
    )
    whitelist = forms.CharField(
        label=gettext_lazy("Customers without a limit"),
        required=False,
        help_text=gettext_lazy("Their numbers, separated by commas."),
    )


@page(
    "settings/contact-rules",
    needs="channels.change_contactrule",
    title=gettext_lazy("Contact budget"),
    setting=Setting(
        gettext_lazy("Contact budget"),
        gettext_lazy("How often one person is approached at most, over all departments."),
        "calendar",
        56,
    ),
)
def rules(request: HttpRequest) -> Shown:
    """The rules in their order, each in words, and what goes for all of them."""
    policy = contact_policy()
    initial = {
        "duplicate_window": policy.duplicate_window,
        "quiet_from": policy.quiet_from,
        "quiet_until": policy.quiet_until,
        "whitelist": ", ".join(policy.whitelist),
    }
    form = PolicyForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = dict(form.cleaned_data)
        told["whitelist"] = [one for one in re.split(r"[,\s]+", told["whitelist"]) if one]
        try:
            change_contact_policy(ContactPolicy(**told))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The contact budget is saved."))
            return redirect("channels.rules")
    names = purpose_names()
    shown = [(row, in_words(row, names)) for row in contact_rules()]
    return show_form(request, "channels/rules.html", form=form, rows=shown)


@page("settings/contact-rules/new", needs="channels.change_contactrule")
def new_rule(request: HttpRequest) -> Shown:
    """A form for a rule of the company's own."""
    usual = ContactRule(scope="all", max=2, window="P7D", spared=["service"], is_on=True)
    return _rule(request, usual, code="")


@page("settings/contact-rules/<slug:rule_code>", needs="channels.change_contactrule")
def rule(request: HttpRequest, rule_code: str) -> Shown:
    """One rule of the contact budget."""
    found = next((one for one in contact_rules() if one.code == rule_code), None)
    if found is None:
        raise NotFound("not_found", f"there is no rule {rule_code}")
    if request.method == "POST" and "remove" in request.POST:
        remove_contact_rule(rule_code)
        say(request, gettext("The rule is gone."))
        return redirect("channels.rules")
    return _rule(request, found, code=rule_code)


def _rule(request: HttpRequest, row: ContactRule, *, code: str) -> Shown:
    initial = {name: getattr(row, name) for name in RuleForm.base_fields}
    form = RuleForm(request.POST or None, initial=initial | {"name": str(row) if code else ""})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data | {"condition": form.cleaned_data["condition"] or None}
        try:
            change_contact_rule(ContactRule(code=code or _code_of(told["name"]), **told))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The rule is saved."))
            return redirect("channels.rules")
    return show_form(
        request, "channels/rule.html", form=form, code=code, row=row, is_own=row.pk is not None
    )


def _code_of(name: str) -> str:
    """A code for a new rule that no other has."""
    taken = {one.code for one in contact_rules()}
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:24]
    slug = slug if re.match(r"[a-z].", slug) else "rule"
    return next(one for one in (slug, *(f"{slug}-{n}" for n in range(2, 999))) if one not in taken)


def in_words(row: ContactRule, names: dict[str, str]) -> str:
    """What a rule says, as a sentence."""
    limit = ngettext(
        "At most %(count)d contact with one person within %(window)s",
        "At most %(count)d contacts with one person within %(window)s",
        row.max,
    ) % {"count": row.max, "window": span_in_words(row.window)}
    parts = [limit, _scope_in_words(row.scope, names)]
    if row.on_excess == "delay":
        parts.append(gettext("more is sent %(delay)s later") % {"delay": span_in_words(row.delay)})
    else:
        parts.append(gettext("more is not sent"))
    if row.reminders == "counted":
        parts.append(gettext("reminders count"))
    if row.spared:
        spared = ", ".join(names.get(one, one) for one in row.spared)
        parts.append(gettext("without: %(purposes)s") % {"purposes": spared})
    condition = in_force(row).condition
    if condition is not None:
        parts.append(gettext("for: %(condition)s") % {"condition": sentence(condition)})
    return "; ".join(part for part in parts if part) + "."


def _scope_in_words(scope: str, names: dict[str, str]) -> str:
    kind, _, name = scope.partition(":")
    if kind == "purpose":
        return gettext("about: %(purpose)s") % {"purpose": names.get(name, name)}
    if kind == "survey":
        return gettext("for survey %(survey)s") % {"survey": name}
    if kind == "channel":
        return gettext("by: %(channel)s") % {"channel": gettext(CHANNELS.get(name, name))}
    return gettext("for everything")


def span_in_words(text: str) -> str:
    """A duration in the reader's language: in days where they are whole, else in hours, else minutes."""
    minutes = math.ceil(duration(text).total_seconds() / 60)
    if minutes % 60:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours % 24:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    days = hours // 24
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


@page(
    "customers/<int:customer_id>/may-contact/now",
    needs="customers.view_customer",
    panel_of="customer",
    title=gettext_lazy("May we write?"),
)
def may_contact_panel(request: HttpRequest, customer_id: int) -> Shown:
    """For each purpose whether the person may be contacted now, and if not why."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    rows = _explained(found.pk)
    return show(request, "channels/_may_contact.html", rows=rows, customer=found)


@page("customers/<int:customer_id>/may-contact", needs="customers.view_customer")
def may_contact_page(request: HttpRequest, customer_id: int) -> Shown:
    """Why a person may or may not be contacted: each consent and each rule, with dates."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    return show(request, "channels/may_contact.html", rows=_explained(found.pk), customer=found)


def _explained(customer_id: int) -> list[tuple[str, str, Explained]]:
    names, kinds = purpose_names(), channel_kinds.kinds()
    return [
        (names[one.purpose], str(kinds[one.channel].label), one)
        for one in explain(customer_id, now=timezone.now())
    ]
