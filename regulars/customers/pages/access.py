"""Who saw or changed whose data: for one customer, and for all; and showing masked contacts."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.core.access import get_seen
from regulars.customers.access import note_access
from regulars.customers.eyes import reveal
from regulars.customers.models import Customer
from regulars.customers.queries.access import accesses, with_names
from regulars.customers.rules.access import ACTORS, DEEDS
from regulars.web.frame import say
from regulars.web.pages import Setting, Shown, page, show

PER_PAGE = 50


@page(
    "access",
    needs="personal.view_access",
    title=_("Access to personal data"),
    setting=Setting(
        _("Access to personal data"),
        _("Who saw, changed, exported or erased whose data."),
        "log",
        66,
    ),
)
def access_trail(request: HttpRequest) -> Shown:
    """The whole trail, narrowed by what was done, by whom, and whose data."""
    what, actor = request.GET.get("what", ""), request.GET.get("actor", "")
    number = request.GET.get("customer", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    rows = accesses(
        what=what if what in DEEDS else "",
        actor=actor if actor in ACTORS else "",
        customer_id=int(number) if is_number else None,
    )
    return _shown(
        request,
        "customers/access.html",
        rows,
        what=what,
        actor=actor,
        number=number if is_number else "",
        deeds=[(key, gettext(name)) for key, name in DEEDS.items()],
        actors=[(key, gettext(name)) for key, name in ACTORS.items()],
    )


@page("customers/<int:customer_id>/access", needs="personal.view_access")
def customer_access(request: HttpRequest, customer_id: int) -> Shown:
    """Who looked at one customer."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    rows = accesses(customer_id=found.pk)
    return _shown(request, "customers/customer_access.html", rows, customer=found)


def _shown(request: HttpRequest, template: str, rows: Any, **context: Any) -> Shown:
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    entries = [
        {
            "entry": seen.entry,
            "who": seen.who or gettext(ACTORS[seen.entry.actor]),
            "what": gettext(DEEDS[seen.entry.what]),
            "tone": {"erased": "bad", "exported": "warn", "revealed": "warn"}.get(
                seen.entry.what, ""
            ),
        }
        for seen in with_names(listed)
    ]
    return show(request, template, listed=listed, entries=entries, **context)


@page("customers/<int:customer_id>/reveal", needs="personal.reveal_contacts")
@require_POST
def reveal_contacts(request: HttpRequest, customer_id: int) -> Shown:
    """Shows the contacts of one customer for a quarter of an hour, with the reason on record."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    reason = request.POST.get("reason", "").replace("\x00", "").strip()[:200]
    if not reason:
        say(request, gettext("Say why you need the contacts"), tone="bad")
    else:
        reveal(request, found.pk, now=timezone.now())
        note_access(request, [found.pk], what="revealed", reason=reason)
        say(
            request,
            gettext(
                "The contacts are shown for a quarter of an hour; it is on record who asked and why."
            ),
        )
    return redirect("customers.customer", found.pk)
