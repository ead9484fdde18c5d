"""The RFM scores of one customer, as a panel of the profile."""

from typing import cast

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from regulars.company.models import Employee
from regulars.company.queries import get_brand
from regulars.core.access import get_seen
from regulars.customers.models import Customer
from regulars.insight.models import CustomerRfm
from regulars.insight.shown.segments import HINTS, NAMES, TONES
from regulars.web.pages import Shown, page, show


@page(
    "customers/<int:customer_id>/rfm",
    needs="customers.view_customer",
    panel_of="customer",
    title=gettext_lazy("How they buy"),
)
def rfm_panel(request: HttpRequest, customer_id: int) -> Shown:
    """Segment, recency, frequency and money of one customer, with the quintile of each."""
    customer = get_seen(Customer, customer_id, seen_by=cast("Employee", request.user))
    scores = CustomerRfm.objects.filter(customer=customer.merged_into_id or customer.pk).first()
    return show(
        request,
        "insight/rfm_panel.html",
        customer=customer,
        scores=scores,
        segment=scores and NAMES[scores.segment],
        hint=scores and HINTS[scores.segment],
        tone=scores and TONES.get(scores.segment, "accent"),
        currency=get_brand().currency,
    )
