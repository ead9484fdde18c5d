"""The customers of one RFM segment, as a list and as a file."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from regulars.company.queries import get_brand
from regulars.core.errors import NotFound
from regulars.core.money import minor_per_unit
from regulars.insight.models import CustomerRfm
from regulars.insight.pages.asking import address_of, as_csv
from regulars.insight.shown.segments import HINTS, NAMES
from regulars.web.pages import Shown, page, show

ROWS = 50
ORDERS = {
    "money": "monetary_minor",
    "purchases": "frequency",
    "days": "recency_days",
    "name": "customer__name",
}


@page("reports/rfm/customers", needs="customers.view_customer")
def segment(request: HttpRequest) -> Shown:
    """The customers of one segment, the largest buyers first unless asked otherwise."""
    name, rows = _asked(request)
    listed = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return show(
        request,
        "insight/segment.html",
        segment=name,
        title=NAMES[name],
        hint=HINTS[name],
        customers=listed,
        rows=[(row, address_of("customers.profile", row.customer_id)) for row in listed],
        currency=get_brand().currency,
    )


@page("reports/rfm/customers.csv", needs="customers.view_customer")
def segment_csv(request: HttpRequest) -> Shown:
    """The customers of one segment as a file, in the order of the list."""
    name, rows = _asked(request)
    unit = minor_per_unit(get_brand().currency)
    columns = [
        _("Customer number"),
        _("Name"),
        _("Last purchase"),
        _("Purchases"),
        _("Spent"),
        "R",
        "F",
        "M",
    ]
    return as_csv(
        f"customers-{name}",
        columns,
        [
            (
                row.customer_id,
                row.customer.name,
                row.last_on.isoformat(),
                row.frequency,
                row.monetary_minor / unit,
                row.r,
                row.f,
                row.m,
            )
            for row in rows
        ],
        now=timezone.localtime(),
    )


def _asked(request: HttpRequest) -> tuple[str, QuerySet[CustomerRfm]]:
    """The segment that an address names and its customers in the order it asks for."""
    name = request.GET.get("segment", "champions")
    if name not in NAMES:
        raise NotFound("not_found", _("There is no such segment."), "segment")
    sort = request.GET.get("sort", "-money")
    column = ORDERS.get(sort.lstrip("-"), "monetary_minor")
    rows = CustomerRfm.objects.filter(segment=name).select_related("customer")
    return name, rows.order_by(f"-{column}" if sort.startswith("-") else column, "pk")
