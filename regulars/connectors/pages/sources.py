"""Pages of sources of events: their write keys, how to send from them, and how they are."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.connectors.actions import (
    SourceWish,
    change_event_source,
    close_event_source,
    open_event_source,
    renew_write_key,
    reopen_event_source,
)
from regulars.connectors.models import EventSource
from regulars.connectors.pages.tabs import event_tabs
from regulars.connectors.watching import event_sources, health_of
from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, blame, page, show_form

NEEDS = "connectors.change_source"
MODES = [
    ("observe", _("Let everything in, and note what breaks the plan")),
    ("flag", _("Let everything in, and mark what breaks the plan")),
    ("block", _("Keep out what breaks the plan, as dead letters")),
]
MODE_LABELS = {"observe": _("observes"), "flag": _("marks"), "block": _("keeps out")}


class SourceForm(forms.Form):
    """A source of events as a person describes it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    mode = forms.ChoiceField(label=_("What the tracking plan does"), choices=MODES)
    origins = forms.CharField(
        label=_("Sites that may send"),
        required=False,
        help_text=_("One on a line, such as https://shop.example; none: all"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    orders_become_purchases = forms.BooleanField(
        label=_("Orders become purchases"),
        required=False,
        help_text=_("“Order Completed” is recorded as a purchase, “Order Refunded” as a return"),
    )
    store_code = forms.CharField(label=_("Store code of its orders"), required=False, max_length=50)

    def wish(self) -> SourceWish:
        """What the form says."""
        told = self.cleaned_data
        return SourceWish(
            told["name"],
            told["mode"],
            told["orders_become_purchases"],
            told["store_code"],
            tuple(told["origins"].split()),
        )


class NewSourceForm(SourceForm):
    """A source that is not there yet."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Small Latin letters, digits, - and _; it names the source for ever"),
    )
    field_order = ("name", "code", "mode")


@page(
    "settings/events",
    needs=NEEDS,
    title=_("Sources of events"),
    setting=Setting(
        _("Events of sites and apps"),
        _("Sources, live events, tracking plan, dead letters"),
        "spark",
        42,
    ),
    name="connectors.event_sources",
)
def sources(request: HttpRequest) -> Shown:
    """Every source with its health, and the form that makes another."""
    form = NewSourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = open_event_source(form.cleaned_data["code"], form.wish(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("connectors.event_source", made.pk)
    listed = list(event_sources())
    health = health_of(listed, now=timezone.now())
    return show_form(
        request,
        "connectors/event_sources.html",
        form=form,
        rows=[(one, MODE_LABELS[one.mode], health[one.code]) for one in listed],
        tabs=event_tabs("connectors.event_sources"),
    )


@page("settings/events/<int:event_source_id>", needs=NEEDS, name="connectors.event_source")
def source(request: HttpRequest, event_source_id: int) -> Shown:
    """One source: its write key, what to paste where, its health and its settings."""
    one = _source(request, event_source_id)
    form = SourceForm(request.POST or None, initial=_initial(one))
    if request.method == "POST" and form.is_valid():
        try:
            change_event_source(one, form.wish(), now=timezone.now())
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("Saved."))
            return redirect("connectors.event_source", one.pk)
    return show_form(
        request,
        "connectors/event_source.html",
        form=form,
        source=one,
        health=health_of([one], now=timezone.now())[one.code],
        snippet=_snippet(one),
        stub=STUB,
        host=settings.BASE_URL,
    )


STUB = (
    '<script>window.regulars=window.regulars||{q:[]};["track","page","identify","group","consent",'
    '"reset"].forEach(function(m){regulars[m]=regulars[m]||function(){regulars.q.push([m,arguments])}})'
    "</script>"
)


def _snippet(one: EventSource) -> str:
    address = f"{settings.BASE_URL}/collect/regulars.js"
    return f'<script async src="{address}" data-key="{one.write_key}"></script>'


def _initial(one: EventSource) -> dict[str, Any]:
    return {
        "name": one.name,
        "mode": one.mode,
        "origins": "\n".join(one.origins),
        "orders_become_purchases": one.orders_become_purchases,
        "store_code": one.store_code,
    }


@page(
    "settings/events/<int:event_source_id>/renew", needs=NEEDS, name="connectors.renew_source_key"
)
@require_POST
def renew(request: HttpRequest, event_source_id: int) -> Shown:
    """Makes a new write key; the old one lets nobody in any more."""
    renew_write_key(_source(request, event_source_id), now=timezone.now())
    say(request, gettext("The source has a new write key; the old one lets nobody in any more."))
    return redirect("connectors.event_source", event_source_id)


@page("settings/events/<int:event_source_id>/close", needs=NEEDS, name="connectors.close_source")
@require_POST
def close(request: HttpRequest, event_source_id: int) -> Shown:
    """Closes an open source, and opens a closed one again."""
    one = _source(request, event_source_id)
    if one.closed_at is None:
        close_event_source(one, now=timezone.now())
        say(request, gettext("The source is closed; what it sent stays."))
    else:
        reopen_event_source(one, now=timezone.now())
        say(request, gettext("The source is open again."))
    return redirect("connectors.event_source", event_source_id)


def _source(request: HttpRequest, event_source_id: int) -> EventSource:
    user: Any = request.user
    return get_seen(EventSource, event_source_id, seen_by=user)
