"""Why records are one person: evidence, ledger and relations; parting a record, joining by hand."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.customers.access import note_access
from regulars.customers.actions.merging import acts_of, say_same, unmerge
from regulars.customers.eyes import Eyes, eyes_of
from regulars.customers.models import Customer, Evidence, Merging
from regulars.customers.queries import find_customers, leaders_of, records_of
from regulars.customers.queries.matches import (
    evidence_within,
    identities_in_common,
    kept_apart,
    merges_of,
    relations_of,
    word_about,
)
from regulars.customers.queries.records import (
    acts_between,
    compare_records,
    held_by,
    profile_together,
    records_seen,
    source_records_of,
)
from regulars.customers.rules.facing import facing
from regulars.customers.wording import (
    KINDS,
    RELATIONS,
    faced_in_words,
    fact_name,
    identity_name,
    reason_in_words,
    said_in_words,
    source_name,
    waterfall,
)
from regulars.web.frame import say
from regulars.web.pages import Shown, page, show, spoken

RECORDS_MAX = 50


@page(
    "customers/<int:customer_id>/person/why",
    needs="customers.view_match",
    panel_of="customer",
    title=_("Why is this one person?"),
)
def one_person(request: HttpRequest, customer_id: int) -> Shown:
    """The records of a person with their sources, and what they have in common."""
    found = _lead(request, customer_id)
    return show(
        request,
        "customers/_one_person.html",
        customer=found,
        **_records(found, eyes_of(request), limit=6),
        common=_common(found, eyes_of(request)),
        relations=len(relations_of(found.pk)),
    )


@page("customers/<int:customer_id>/person", needs="customers.view_match")
def person(request: HttpRequest, customer_id: int) -> Shown:
    """All that speaks for a person's records being one, the merge ledger, and relations."""
    found, eyes = _lead(request, customer_id), eyes_of(request)
    return show(
        request,
        "customers/person.html",
        customer=found,
        eyes=eyes,
        **_records(found, eyes, limit=RECORDS_MAX),
        common=_common(found, eyes),
        evidence=[_evidence(one) for one in evidence_within(found.pk)],
        apart=[_evidence(one) for one in kept_apart(found.pk)],
        ledger=[_entry(one) for one in merges_of(found.pk)],
        relations=[
            (
                RELATIONS[relation.kind],
                identity_name(relation.identity.kind),
                eyes.identity(found.pk, relation.identity.kind, relation.identity.value),
                members,
            )
            for relation, members in relations_of(found.pk)
        ],
    )


@page("customers/<int:customer_id>/sources", needs="customers.view_customer")
def source_records(request: HttpRequest, customer_id: int) -> Shown:
    """What sources said of a person, word for word."""
    found, eyes = _lead(request, customer_id), eyes_of(request)
    rows = [
        {
            "record": one,
            "source": source_name(one.source),
            "facts": [
                (fact_name(name), said_in_words(eyes.fact(found.pk, name, value)))
                for name, value in sorted(one.body.items())
            ],
        }
        for one in source_records_of(found.pk)
    ]
    return show(request, "customers/source_records.html", customer=found, eyes=eyes, rows=rows)


@page("customers/<int:customer_id>/part", needs="customers.decide_match")
def part(request: HttpRequest, customer_id: int) -> Shown:
    """Asks before a record is parted from its person: what goes with it, and what cannot go back."""
    user: Any = request.user
    found, now = get_seen(Customer, customer_id, seen_by=user), timezone.now()
    rest = [one for one in records_of(found.pk) if one != found.pk]
    if request.method == "POST" and rest:
        note_access(request, rest)
        unmerge(found.pk, by=user, now=now)
        say(request, gettext("Parted. The two stay two people, whatever evidence comes."))
        entry = Merging.objects.filter(kind="unmerge").order_by("-pk")
        about = entry.filter(customer__in=[found.pk, *rest]).first()
        return redirect("customers.merging", about.pk if about else 0)
    return show(
        request,
        "customers/part.html",
        customer=found,
        eyes=eyes_of(request),
        rest=records_seen(rest[:RECORDS_MAX]),
        record=records_seen([found.pk])[0],
        held=held_by([found.pk]),
        acts=acts_of(found.pk, until=now) if rest else [],
        lead_id=leaders_of([found.pk])[found.pk],
    )


@page("customers/merges/<int:merging_id>", needs="customers.view_match")
def merging(request: HttpRequest, merging_id: int) -> Shown:
    """One entry of the merge ledger; of a parting also what was really done meanwhile."""
    user: Any = request.user
    entry = get_seen(Merging, merging_id, seen_by=user)
    note_access(request, [entry.customer_id, entry.lead_id])
    return show(
        request,
        "customers/merging.html",
        **_entry(entry),
        eyes=eyes_of(request),
        held=held_by([entry.customer_id]) if entry.undoes else [],
        acts=acts_between(entry),
    )


@page("customers/<int:customer_id>/join", needs="customers.decide_match")
def join(request: HttpRequest, customer_id: int) -> Shown:
    """Finds another record of the same person by hand, shows both, and makes them one."""
    found, eyes = _lead(request, customer_id), eyes_of(request)
    told = request.POST.get("with", "") or request.GET.get("with", "")
    other = _other(told, found, request)
    if other is None:
        text = request.GET.get("q", "")[:100].replace("\x00", "")
        listed = list(find_customers(text).exclude(pk=found.pk).order_by("-pk")[:20])
        shown = listed if text else []
        note_access(request, [one.pk for one in shown])
        return show(
            request, "customers/join.html", customer=found, eyes=eyes, query=text, found=shown
        )
    if request.method == "POST":
        return _joined(request, found, other)
    note_access(request, [other.pk])
    return show(request, "customers/join_preview.html", eyes=eyes, **_preview(found, other, eyes))


def _joined(request: HttpRequest, found: Customer, other: Customer) -> Shown:
    user: Any = request.user
    note_access(request, [other.pk])
    try:
        say_same(found.pk, other.pk, by=user, now=timezone.now())
    except Refused as refused:
        say(request, spoken(refused), tone="bad")
        return redirect("customers.join", found.pk)
    leads = leaders_of([found.pk, other.pk])
    if leads[found.pk] == leads[other.pk]:
        back = reverse("customers.take_match_back", args=[word_about(found.pk, other.pk)])
        say(request, gettext("They are one person now."), undo_url=back)
    else:
        say(request, gettext("Another word keeps them apart: see below."), tone="warn")
    return redirect("customers.person", leads[found.pk])


def _preview(found: Customer, other: Customer, eyes: Eyes) -> dict[str, Any]:
    left, right = profile_together([found.pk]), profile_together([other.pk])
    together = profile_together([found.pk, other.pk])
    compared = compare_records(found.pk, other.pk)
    lines = faced_in_words(facing(left, right), eyes, found.pk, other.pk)
    chosen = [
        said_in_words(eyes.fact(found.pk, one.fact, together.get(one.fact, "")))
        for one in facing(left, right)
    ]
    apart = [one for one in kept_apart(found.pk) if other.pk in (one.left_id, one.right_id)]
    return {
        "customer": found,
        "other": other,
        "lines": list(zip(lines, chosen, strict=True)),
        "reasons": waterfall(compared.steps),
        "percent": round(compared.probability * 100),
        "held": (held_by(records_of(found.pk)), held_by(records_of(other.pk))),
        "apart": apart,
    }


def _lead(request: HttpRequest, customer_id: int) -> Customer:
    """The leading record of the person that an address names."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    return found.merged_into or found


def _other(told: str, found: Customer, request: HttpRequest) -> Customer | None:
    """The leading record of the other person; None where none, or the same one, is named."""
    if not told.isascii() or not told.isdigit() or len(told) > 18:
        return None
    other = _lead(request, int(told))
    return None if other.pk == found.pk else other


def _records(found: Customer, eyes: Eyes, *, limit: int) -> dict[str, Any]:
    ids = records_of(found.pk)
    rows = [
        {
            "record": one,
            "name": eyes.fact(found.pk, "name", one.facts.get("name", "")) or f"№ {one.id}",
            "origins": [(source_name(o.source), o.outside_id, o.said_at) for o in one.origins],
            "identities": [
                (identity_name(had.kind), eyes.identity(found.pk, had.kind, had.value))
                for had in one.identities
            ],
        }
        for one in records_seen(ids[:limit])
    ]
    return {"rows": rows, "count": len(ids)}


def _common(found: Customer, eyes: Eyes) -> list[tuple[str, str, int]]:
    return [
        (identity_name(one.kind), eyes.identity(found.pk, one.kind, one.value), one.records)
        for one in identities_in_common(found.pk)
    ]


def _evidence(one: Evidence) -> dict[str, Any]:
    return {
        "said": one,
        "kind": KINDS[one.kind],
        "percent": round(one.probability * 100),
        "reasons": waterfall(one.steps),
        "who": str(one.by) if one.by else source_name(one.source),
    }


def _entry(one: Merging) -> dict[str, Any]:
    return {"entry": one, "reason": reason_in_words(one.reason), "is_merge": one.kind == "merge"}
