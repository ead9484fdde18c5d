"""A member's wallet, as a panel on the customer's page."""

from django.http import HttpRequest
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.customers.models import Customer
from regulars.customers.queries import records_of
from regulars.loyalty.models import Member
from regulars.loyalty.pages.cards import by_day
from regulars.loyalty.queries.wallets import history_of, wallets_of
from regulars.web.pages import Shown, page, show


@page(
    "customers/<int:customer_id>/wallet",
    needs="loyalty.view_account",
    panel_of="customer",
    title=_("Loyalty"),
)
def wallet(request: HttpRequest, customer_id: int) -> Shown:
    """Balances, tier and latest movements of a person in every program."""
    customer = get_seen(Customer, customer_id, seen_by=request.user)  # type: ignore[arg-type]
    members = Member.objects.filter(
        customer__in=records_of(customer.pk), led_by=None
    ).select_related("program", "tier")
    wallets = wallets_of(list(members.order_by("id")), now=moment_of_now())
    shown = [(one, by_day(history_of(one.member, limit=40))[:6]) for one in wallets[:3]]
    return show(request, "loyalty/wallet.html", wallets=shown, customer=customer)
