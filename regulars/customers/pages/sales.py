"""What a store sold, for the store's page."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from regulars.company.models import Store
from regulars.company.queries import get_brand
from regulars.core.access import get_seen
from regulars.customers.queries import store_sales
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show


@page("stores/<int:store_id>/sales", needs="company.view_store", panel_of="store", title=_("Sales"))
def sales_of_store(request: HttpRequest, store_id: int) -> Shown:
    """Purchases, sales and known customers of one store within the period, and of the one before."""
    user: Any = request.user
    store = get_seen(Store, store_id, seen_by=user)
    filters = read_filters(request)
    now, before = (
        store_sales(store.pk, from_at=period.from_at, until_at=period.until_at)
        for period in (filters, filters.before)
    )
    context: dict[str, Any] = {"now": now, "before": before, "currency": get_brand().currency}
    return show(request, "customers/_sales.html", **context)
