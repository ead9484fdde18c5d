"""One customer: who, what they are worth, what they like, why we think so, and what happened."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from regulars.company.models import Agent, Store
from regulars.company.queries import get_brand
from regulars.core.access import get_seen
from regulars.customers.eyes import Eyes, eyes_of
from regulars.customers.models import Customer
from regulars.customers.queries import (
    Cursor,
    Happening,
    Reason,
    favourite_categories,
    favourite_stores,
    history_of,
    identities_of,
    kinds_on_timeline,
    summaries_of,
    why_believed,
)
from regulars.customers.timeline import look_of
from regulars.customers.wording import fact_name, identity_name, said_in_words, source_name
from regulars.web.pages import Shown, page, panels_of, show

PER_PAGE = 20
_SALT = "regulars.customers.timeline"


class Named(NamedTuple):
    """A fact or identity with its name in the reader's language."""

    label: str
    value: str
    source: str = ""
    at: datetime | None = None


class Told(NamedTuple):
    """A fact of the profile with what is believed, who agrees, and whose word lost."""

    fact: Named
    agreeing: list[Named]
    lost: list[Named]


class Entry(NamedTuple):
    """A line of the timeline as it is shown."""

    label: str
    text: str
    tone: str
    icon: str
    at: datetime
    store: str
    served_by: str
    sample: bool


@page("customers/<int:customer_id>", needs="customers.view_customer")
def customer(request: HttpRequest, customer_id: int) -> Shown:
    """One customer, with the panels of other domains and the beginning of the timeline."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    panels = [
        (panel, reverse(panel.name, args=[found.pk])) for panel in panels_of("customer", user)
    ]
    return show(
        request,
        "customers/customer.html",
        customer=found,
        summary=summaries_of([found.pk])[found.pk],
        categories=favourite_categories(found.pk),
        stores=favourite_stores(found.pk, language=get_language() or "en"),
        facts=(facts := _facts_of(found, eyes := eyes_of(request))),
        identities=_identities_of(found, eyes, told={one.fact.value for one in facts}),
        eyes=eyes,
        is_masked=not eyes.sees(found.pk),
        panels=panels,
        currency=get_brand().currency,
        **_timeline(request, found),
    )


@page("customers/<int:customer_id>/timeline", needs="customers.view_customer")
def timeline(request: HttpRequest, customer_id: int) -> Shown:
    """The timeline alone: a fragment inside the customer's page, a page without scripts."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    fragment = request.headers.get("HX-Request") == "true"
    template = "customers/_timeline.html" if fragment else "customers/timeline.html"
    return show(
        request, template, customer=found, eyes=eyes_of(request), **_timeline(request, found)
    )


def _timeline(request: HttpRequest, found: Customer) -> dict[str, Any]:
    kind = request.GET.get("kind", "")[:50].replace("\x00", "")
    after = _cursor_of(request.GET.get("after", ""))
    happened = history_of(found.pk, kinds=[kind] if kind else [], after=after, limit=PER_PAGE + 1)
    shown = happened[:PER_PAGE]
    address = reverse("customers.timeline", args=[found.pk])
    more = ""
    if len(happened) > PER_PAGE:
        more = f"{address}?{urlencode({'kind': kind, 'after': _cursor_after(shown[-1])})}"
    kinds = kinds_on_timeline(found.pk)
    return {
        "entries": _entries(shown, request),
        "more": more,
        "kind": kind,
        "kinds": [(one, _label_of(one), f"{address}?{urlencode({'kind': one})}") for one in kinds],
        "every": address,
        "is_first_page": after is None,
    }


def _entries(happened: list[Happening], request: HttpRequest) -> list[Entry]:
    ids = {one.store_id for one in happened if one.store_id}
    stores = {store.pk: str(store) for store in Store.objects.filter(pk__in=ids)}
    texts, servers = _texts_of(happened), _servers_of(happened, request)
    entries = []
    for one in happened:
        look, store = look_of(one.kind), stores.get(one.store_id or 0, "")
        text = texts[one.kind].pop(0)
        label, server = _label_of(one.kind), servers.get(one.body.get("served_by_id") or 0, "")
        entries.append(Entry(label, text, look.tone, look.icon, one.at, store, server, one.sample))
    return entries


def _servers_of(happened: list[Happening], request: HttpRequest) -> dict[int, str]:
    """Those who served, by id, where the viewer may see employees; one statement at most."""
    ids = {found for one in happened if (found := one.body.get("served_by_id"))}
    if not ids or not request.user.has_perm("personal.view_agent"):
        return {}
    return {one.pk: str(one) for one in Agent.objects.filter(pk__in=ids)}


def _texts_of(happened: list[Happening]) -> dict[str, list[str]]:
    """What the entries of each kind say, in their order; each kind is asked once."""
    bodies: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in happened:
        bodies[one.kind].append(one.body)
    return {kind: look_of(kind).texts(found) for kind, found in bodies.items()}


def _label_of(kind: str) -> str:
    return str(look_of(kind).label)


def _cursor_after(last: Happening) -> str:
    return signing.dumps([last.at.isoformat(), last.kind, last.id], salt=_SALT)


def _cursor_of(text: str) -> Cursor | None:
    """The place a signed text names; nonsense counts as the beginning."""
    try:
        at, kind, id_ = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return None
    return Cursor(datetime.fromisoformat(at), kind, id_)


def _facts_of(found: Customer, eyes: Eyes) -> list[Told]:
    """Every fact of the profile, with who said it and when, and what others say of it."""

    def told(reason: Reason) -> Named:
        value = said_in_words(eyes.fact(found.pk, reason.fact, reason.value))
        return Named(fact_name(reason.fact), value, source_name(reason.source), reason.said_at)

    return [
        Told(told(one.reason), [told(other) for other in one.agreeing], [told(o) for o in one.lost])
        for one in why_believed(found.pk)
    ]


def _identities_of(found: Customer, eyes: Eyes, *, told: set[str]) -> list[Named]:
    """What the customer is recognised by, without what the profile says already."""
    rows = identities_of(found.pk)[:50]
    shown = ((one.kind, eyes.identity(found.pk, one.kind, one.value)) for one in rows)
    return [Named(identity_name(kind), value) for kind, value in shown if value not in told]
