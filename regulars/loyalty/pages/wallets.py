"""A member's wallet, as a panel on the customer's page."""

from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.timezone import now as moment_of_now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.customers.models import Customer
from regulars.customers.queries import records_of
from regulars.loyalty.actions import release_hold
from regulars.loyalty.models import Hold, Member
from regulars.loyalty.queries.history import by_day, history_of
from regulars.loyalty.queries.wallets import open_holds_of, wallets_of
from regulars.web.frame import say
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
    now = moment_of_now()
    wallets = wallets_of(list(members.order_by("id")), now=now)
    holds = open_holds_of([one.member for one in wallets], now=now)
    shown = [
        (one, by_day(history_of(one.member, limit=40).entries)[:6], holds.get(one.member.pk, []))
        for one in wallets[:3]
    ]
    return show(request, "loyalty/wallet.html", wallets=shown, customer=customer)


@page("loyalty/holds/<int:hold_id>/release", needs="loyalty.edit_account")
def release(request: HttpRequest, hold_id: int) -> Shown:
    """Frees points that were set aside for a purchase which will not happen."""
    rows = Hold.objects.select_related("member", "account", "unit__program")
    hold = get_seen(Hold, hold_id, seen_by=request.user, rows=rows)  # type: ignore[arg-type]
    if request.method == "POST":
        try:
            release_hold(hold, now=moment_of_now())
        except Refused:
            say(request, gettext("These points were spent already."))
        else:
            say(request, gettext("%(points)d points are free again.") % {"points": hold.amount})
    return redirect("customers.customer", customer_id=hold.member.customer_id)
