"""The list of customers, and the palette's search for them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from regulars.company.queries import get_brand
from regulars.customers.access import note_access
from regulars.customers.eyes import eyes_of
from regulars.customers.models import Customer
from regulars.customers.queries import Summary, find_customers, summaries_of
from regulars.web.finding import Found, searcher
from regulars.web.pages import Nav, Shown, page, show

PER_PAGE = 30
ORDERS = {"name": "name", "since": "known_since"}
REACHED_BY = {"email": _("E-mail known"), "phone": _("Phone known"), "name": _("Name known")}


class Row(NamedTuple):
    """A customer in the list, with what they bought."""

    customer: Customer
    summary: Summary


@page("customers", needs="customers.view_customer", nav=Nav(_("Customers"), 40, "customers", "C"))
def customers(request: HttpRequest) -> Shown:
    """Customers by a fragment of a name, e-mail, phone or card; filters and order in the address."""
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    has = request.GET.get("has", "")
    rows = _sorted(_filtered(find_customers(text), has), request.GET.get("sort", "-since"))
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    found = list(listed.object_list)
    summaries = summaries_of([one.pk for one in found])
    note_access(request, [one.pk for one in found])
    return show(
        request,
        "customers/customers.html",
        listed=listed,
        rows=[Row(one, summaries[one.pk]) for one in found],
        query=text,
        eyes=eyes_of(request),
        has=has if has in REACHED_BY else "",
        filters_known=list(REACHED_BY.items()),
        currency=get_brand().currency,
    )


def _filtered(rows: QuerySet[Customer], has: str) -> QuerySet[Customer]:
    return rows.exclude(**{has: ""}) if has in REACHED_BY else rows


def _sorted(rows: QuerySet[Customer], sort: str) -> QuerySet[Customer]:
    field = F(ORDERS.get(sort.lstrip("-"), "known_since"))
    if sort.startswith("-"):
        return rows.order_by(field.desc(), "-pk")
    return rows.order_by(field.asc(), "pk")


@searcher(_("Customers"), needs="customers.view_customer", least=3)
def customers_found(request: HttpRequest, text: str) -> Iterable[Found]:
    """The customers that match, for the palette."""
    eyes, shown = eyes_of(request), list(find_customers(text).order_by("-pk")[:6])
    note_access(request, [one.pk for one in shown])
    for one in shown:
        hint: Any = eyes.contact(one)
        yield Found(
            eyes.name(one), reverse("customers.customer", args=[one.pk]), "customers", hint=hint
        )
