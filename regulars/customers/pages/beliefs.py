"""Settings of who is one person: shared and blocked identities, limits, precedence of sources."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.core.errors import Refused
from regulars.customers.access import note_access
from regulars.customers.actions.beliefs import (
    block_value,
    rank_sources,
    set_limits,
    unblock_value,
)
from regulars.customers.eyes import eyes_of
from regulars.customers.models import BlockedValue
from regulars.customers.queries.beliefs import (
    claimants_of,
    kinds_known,
    limits_in_force,
    precedence,
)
from regulars.customers.queries.matches import frequent_values, shared_identities
from regulars.customers.rules.ordering import moved
from regulars.customers.rules.sharing import Limit
from regulars.customers.wording import IDENTITIES, SHARED, identity_name, source_name
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show, show_form, spoken

PER_PAGE = 30
REASONS = ("limit", "contradiction", "blocked")


class BlockForm(forms.Form):
    """A value that points to nobody in this company."""

    kind = forms.ChoiceField(label=_("Kind"))
    value = forms.CharField(
        label=_("Value"),
        max_length=254,
        help_text=_("Such as: your store's own phone, the card of the till, info@ your company."),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        kinds: Any = self.fields["kind"]
        known = dict.fromkeys([*IDENTITIES, *kinds_known()])
        kinds.choices = [(kind, identity_name(kind)) for kind in known if kind != "id"]


class LimitsForm(forms.Form):
    """People and days for every kind of identity."""

    def __init__(self, limits: dict[str, Limit], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.limits = limits
        for kind, limit in limits.items():
            self.fields[f"people-{kind}"] = forms.IntegerField(
                label=_("People"), min_value=1, max_value=10_000, initial=limit.people
            )
            self.fields[f"days-{kind}"] = forms.IntegerField(
                label=_("Days"), min_value=1, max_value=10_000, required=False, initial=limit.days
            )

    def rows(self) -> list[tuple[str, str, Any, Any]]:
        """For each kind its code and name, and the two fields."""
        return [
            (kind, identity_name(kind), self[f"people-{kind}"], self[f"days-{kind}"])
            for kind in self.limits
        ]

    def wished(self) -> dict[str, Limit]:
        """The limits that differ from those in force."""
        told = self.cleaned_data
        wished = {kind: Limit(told[f"people-{kind}"], told[f"days-{kind}"]) for kind in self.limits}
        return {kind: limit for kind, limit in wished.items() if limit != self.limits[kind]}


@page(
    "settings/identities",
    needs="customers.view_match",
    title=_("Who is one person"),
    setting=Setting(
        _("Who is one person"),
        _("Shared identities, blocked values, limits, and which source is believed."),
        "people",
        57,
    ),
)
def shared(request: HttpRequest) -> Shown:
    """Identities that many people use, each with the reason why it joins nobody."""
    why = request.GET.get("why", "")
    why = why if why in REASONS else ""
    rows = shared_identities().select_related("customer")
    listed = Paginator(rows.filter(shared=why) if why else rows, PER_PAGE).get_page(
        request.GET.get("page")
    )
    found, eyes = list(listed.object_list), eyes_of(request)
    counts = claimants_of([one.pk for one in found])
    note_access(request, {one.customer_id for one in found})
    shown = [
        {
            "kind": identity_name(one.kind),
            "value": eyes.identity(one.customer_id, one.kind, one.value),
            "reason": SHARED[one.shared],
            "records": counts.get(one.pk, 0),
            "customer_id": one.customer_id,
        }
        for one in found
    ]
    return show(
        request,
        "customers/beliefs/shared.html",
        listed=listed,
        rows=shown,
        why=why,
        reasons=[(key, SHARED[key]) for key in REASONS],
    )


@page("settings/identities/blocked", needs="customers.view_match", title=_("Blocked values"))
def blocked(request: HttpRequest) -> Shown:
    """Values that point to nobody, a form for another, and candidates by frequency."""
    user: Any = request.user
    may_change = user.has_perm("customers.change_belief")
    form = BlockForm(request.POST or None)
    if request.method == "POST" and may_change and form.is_valid():
        told = form.cleaned_data
        try:
            block_value(told["kind"], told["value"], now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("It points to nobody from now on."))
            return redirect("customers.blocked")
    eyes = eyes_of(request)
    return show_form(
        request,
        "customers/beliefs/blocked.html",
        form=form,
        may_change=may_change,
        sees_all=eyes.sees_all,
        rows=[
            (one, identity_name(one.kind))
            for one in BlockedValue.objects.order_by("kind", "value")[:500]
        ],
        suggestions=[
            (one, identity_name(one.kind), eyes.identity(0, one.kind, one.value))
            for one in frequent_values()
        ],
    )


@page("settings/identities/blocked/<int:blocked_id>/free", needs="customers.change_belief")
@require_POST
def free_value(request: HttpRequest, blocked_id: int) -> Shown:
    """Has a value point to people again."""
    unblock_value(blocked_id, now=timezone.now())
    say(request, gettext("It points to people again."))
    return redirect("customers.blocked")


@page(
    "settings/identities/limits", needs="customers.change_belief", title=_("Limits of identities")
)
def limits(request: HttpRequest) -> Shown:
    """How many people may have one identity, by kind."""
    form = LimitsForm(limits_in_force(), request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_limits(form.wished())
        except Refused as refused:
            form.add_error(None, spoken(refused))
        else:
            say(request, gettext("The limits are saved; who is one person follows soon."))
            return redirect("customers.limits")
    return show_form(request, "customers/beliefs/limits.html", form=form, rows=form.rows())


@page(
    "settings/identities/sources",
    needs="customers.change_belief",
    title=_("Which source is believed"),
)
def sources(request: HttpRequest) -> Shown:
    """Sources in the order in which they are believed; buttons move one up, down, in or out."""
    found = precedence()
    if request.method == "POST":
        order = moved(found.ranked, request.POST.get("source", ""), request.POST.get("act", ""))
        if order != found.ranked and set(order) <= {*found.ranked, *found.alike}:
            rank_sources(order)
            say(request, gettext("The order is saved; profiles follow soon."))
        return redirect("customers.sources")
    return show(
        request,
        "customers/beliefs/sources.html",
        ranked=[(one, source_name(one)) for one in found.ranked],
        alike=[(one, source_name(one)) for one in found.alike],
    )
