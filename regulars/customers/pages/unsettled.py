"""What is open with one customer: a panel, and what this domain knows of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.customers.models import Customer, PrivacyRequest, Restriction
from regulars.customers.openings import Opening, left_open, openings_of
from regulars.customers.queries import persons_of, states_of
from regulars.customers.queries.consents import purpose_names
from regulars.customers.rules.privacy import KINDS, OPEN_STATES, STATES, clock_tone
from regulars.web.pages import Shown, page, show


@page(
    "customers/<int:customer_id>/open",
    needs="customers.view_customer",
    panel_of="customer",
    title=_("What is open"),
)
def open_panel(request: HttpRequest, customer_id: int) -> Shown:
    """What waits for an answer or a deed, over all domains."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    records = next(iter(persons_of([found.pk]).values()))
    rows = openings_of(records, now=timezone.now(), user=user)
    return show(request, "customers/_open.html", rows=rows, customer=found)


@left_open(needs="personal.view_request")
def privacy_requests(records: Sequence[int], now: datetime) -> Iterator[Opening]:
    """Requests about the person's own data that are not answered, and restrictions in force."""
    asked = PrivacyRequest.objects.filter(customer__in=records, state__in=OPEN_STATES)
    for one in asked.order_by("-id")[:20]:
        yield Opening(
            gettext(KINDS[one.kind]),
            gettext(STATES[one.state]),
            one.asked_at,
            reverse("customers.customer_privacy", args=[one.customer_id]),
            clock_tone(one.state, one.due_at, now) or "accent",
        )
    held = Restriction.objects.filter(customer__in=records, lifted_at=None)
    for restriction in held.order_by("-id")[:20]:
        yield Opening(
            gettext("Restriction")
            if restriction.scope == "all"
            else gettext("Objection to offers"),
            gettext("in force"),
            restriction.since,
            reverse("customers.customer_privacy", args=[restriction.customer_id]),
            "warn",
        )


@left_open(needs="customers.view_consent")
def unconfirmed_consents(records: Sequence[int], now: datetime) -> Iterator[Opening]:
    """A yes by e-mail that was not confirmed from the mailbox yet."""
    names = purpose_names()
    for (purpose, _channel), standing in states_of(records[:1], now)[records[0]].items():
        if standing.awaits is not None:
            yield Opening(
                gettext("Waits to be confirmed"),
                names.get(purpose, purpose),
                standing.awaits.at,
                reverse("customers.customer_consents", args=[records[0]]),
                "accent",
            )
