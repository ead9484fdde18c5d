"""Doubtful pairs side by side: one person, two people, or later; and what was decided."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from regulars.core.errors import Refused
from regulars.customers.access import note_access
from regulars.customers.actions.merging import (
    DIFFERENT,
    LATER,
    SAME,
    Word,
    decide_pairs,
    take_back,
)
from regulars.customers.eyes import eyes_of
from regulars.customers.models import Customer
from regulars.customers.queries.matches import decided_count, decisions, doubtful_pairs, word_about
from regulars.customers.queries.records import records_seen
from regulars.customers.rules.facing import facing
from regulars.customers.wording import (
    KINDS,
    faced_in_words,
    identity_name,
    source_name,
    waterfall,
)
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, page, show, spoken

PER_PAGE = 30
COUNTED_MAX = 10_000
SAID = {
    SAME: _("They are held to be one person."),
    DIFFERENT: _("They are two people, and stay two."),
    LATER: _("Put off to the end of the list."),
}


@page(
    "customers/matches",
    needs="customers.view_match",
    nav=Nav(_("Matches"), 47, "check", "P"),
)
def matches(request: HttpRequest) -> Shown:
    """The doubtful pair that comes next, its records side by side."""
    pair = _pair(request, request.GET.get("pair", ""))
    return show(request, "customers/matches.html", **pair)


@page("customers/matches/<int:evidence_id>/decide", needs="customers.decide_match")
@require_POST
def decide_match(request: HttpRequest, evidence_id: int) -> Shown:
    """Takes what a reviewer says of a pair, and shows the next one."""
    says = request.POST.get("says", "")
    user: Any = request.user
    pair = doubtful_pairs().filter(pk=evidence_id).first()
    told, tone, back = gettext("This pair is decided already, or its records changed."), "warn", 0
    if pair is not None:
        note_access(request, [pair.left_id, pair.right_id], what="changed")
        word = Word(pair.left_id, pair.right_id, says)
        (problem,) = decide_pairs([word], by=user, now=timezone.now())
        told, tone = (
            (str(problem.message), "bad") if problem else (gettext(str(SAID[says])), "good")
        )
        back = 0 if problem or says == LATER else word_about(*word[:2])
    if request.headers.get("HX-Request") != "true":
        say(request, told, tone=tone)
        return redirect("customers.matches")
    shown = _pair(request, "")
    return show(request, "customers/_match.html", told=told, tone=tone, back=back, **shown)


@page("customers/matches/decided", needs="customers.view_match", title=_("Decided matches"))
def decided_matches(request: HttpRequest) -> Shown:
    """What people said of pairs, the latest first, each to be taken back."""
    listed = Paginator(decisions(), PER_PAGE).get_page(request.GET.get("page"))
    found = list(listed.object_list)
    note_access(request, {id_ for one in found for id_ in (one.left_id, one.right_id)})
    rows = [
        {
            "said": one,
            "kind": gettext(str(KINDS[one.kind])),
            "tone": "good" if one.kind == "stated" else "warn",
            "who": str(one.by) if one.by else one.source,
        }
        for one in found
    ]
    return show(request, "customers/decided.html", listed=listed, rows=rows, eyes=eyes_of(request))


@page("customers/matches/<int:evidence_id>/back", needs="customers.decide_match")
@require_POST
def take_match_back(request: HttpRequest, evidence_id: int) -> Shown:
    """Takes back what somebody said of two records."""
    user: Any = request.user
    try:
        pair = take_back(evidence_id, by=user, now=timezone.now())
    except Refused as refused:
        say(request, spoken(refused), tone="warn")
    else:
        note_access(request, pair, what="changed")
        say(request, gettext("Taken back. What else is known of them counts again."))
    return redirect("customers.decided_matches")


def _pair(request: HttpRequest, asked: str) -> dict[str, Any]:
    """What a page needs to show the pair that is asked for, or the next one."""
    waiting = doubtful_pairs()
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    chosen = waiting.filter(pk=number).first() if number else None
    pair = chosen or waiting.first()
    decided, left = decided_count(), waiting[:COUNTED_MAX].count()
    shown: dict[str, Any] = {"pair": pair, "decided": decided, "total": decided + left}
    if pair is None:
        return shown
    note_access(request, [pair.left_id, pair.right_id])
    records = records_seen([pair.left_id, pair.right_id])
    eyes = eyes_of(request)
    lines = facing(records[0].facts, records[1].facts)
    return shown | {
        "records": records,
        "sizes": _sizes([one.lead_id for one in records]),
        "lines": faced_in_words(lines, eyes, records[0].id, records[1].id),
        "reasons": waterfall(pair.steps),
        "percent": round(pair.probability * 100),
        "sources": [
            [(source_name(o.source), o.outside_id, o.said_at) for o in one.origins]
            for one in records
        ],
        "identities": [
            [
                (identity_name(had.kind), eyes.identity(one.id, had.kind, had.value))
                for had in one.identities
            ]
            for one in records
        ],
    }


def _sizes(leads: list[int]) -> list[int]:
    """How many records the person of each leading record has."""
    merged = Customer.objects.filter(merged_into__in=leads).values_list("merged_into", flat=True)
    others = list(merged)
    return [1 + others.count(lead) for lead in leads]
