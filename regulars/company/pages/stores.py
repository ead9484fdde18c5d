"""Stores: a list, one store with what other domains tell of it, and a form."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.company.actions import StoreInput, add_stores, change_store
from regulars.company.models import Store
from regulars.company.pages.brand import zones
from regulars.company.queries import find_stores, in_order, stores_by_code
from regulars.core.access import get_seen
from regulars.core.errors import Conflict, Refused
from regulars.web.filters import read_filters
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, blame, page, panels_of, show, show_form

PER_PAGE = 50
ORDERS = {"name": ("name",), "code": ("code",), "city": ("city",)}


class StoreForm(forms.Form):
    """A store as people know it."""

    code = forms.CharField(
        label=_("Code"), max_length=50, help_text=_("As tills and files name it; it stays")
    )
    name = forms.CharField(label=_("Name"), max_length=100)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=100, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("shop", _("A place")), ("web", _("On the web"))]
    )
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    city_ru = forms.CharField(label=_("City in Russian"), max_length=100, required=False)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        required=False,
        choices=lambda: [("", _("As the company's")), *zones()],
    )


@page("stores", needs="company.view_store", nav=Nav(_("Stores"), 110, "store", "O"))
def stores(request: HttpRequest) -> Shown:
    """The stores this person may see: found by a text, sorted, in pages."""
    user: Any = request.user
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    order = in_order(request.GET.get("sort", ""), ORDERS)
    rows = find_stores(text, seen_by=user).order_by(*order, "id")
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return show(request, "company/stores.html", listed=listed, query=text)


@page("stores/<int:store_id>", needs="company.view_store")
def store(request: HttpRequest, store_id: int) -> Shown:
    """One store: where it is, and the panels of other domains about it."""
    user: Any = request.user
    found = get_seen(Store, store_id, seen_by=user)
    filters = read_filters(request)
    panels = [
        (panel, f"{reverse(panel.name, args=[found.pk])}?{filters.query}")
        for panel in panels_of("store", user)
    ]
    return show(request, "company/store.html", store=found, panels=panels, filters=filters)


@page("stores/new", needs="company.change_store", title=_("New store"))
def new_store(request: HttpRequest) -> Shown:
    """A form for a store that is not known yet."""
    form = StoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = StoreInput(**form.cleaned_data)
        try:
            if stores_by_code([told.code]):
                raise Conflict("known_code", gettext("A store has this code already"), "code")
            (added,) = add_stores([told])
            if added.refused:
                raise added.refused
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The store is there."))
            return redirect("company.store", added.id)
    return show_form(request, "company/store_form.html", form=form, store=None)


@page("stores/<int:store_id>/edit", needs="company.change_store")
def edit_store(request: HttpRequest, store_id: int) -> Shown:
    """A form for a known store; also closes it, and opens it again."""
    user: Any = request.user
    found = get_seen(Store, store_id, seen_by=user)
    initial = {name: getattr(found, name) for name in StoreForm.base_fields}
    form = StoreForm(request.POST or None, initial=initial)
    form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        closed_on = found.closed_on
        if "close" in request.POST:
            closed_on = timezone.localdate()
        elif "open" in request.POST:
            closed_on = None
        try:
            change_store(found, StoreInput(**form.cleaned_data), closed_on=closed_on)
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, gettext("The store is saved."))
            return redirect("company.store", found.pk)
    return show_form(request, "company/store_form.html", form=form, store=found)
