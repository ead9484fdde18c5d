"""Segments: the list, one of them with its people and its movement, and why somebody is in or not."""

from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from regulars.company.models import in_language
from regulars.core.access import get_seen
from regulars.core.conditions.reading import parse
from regulars.core.errors import NotFound, Refused
from regulars.customers.actions.segments import SegmentInput, change_segment, delete_segment
from regulars.customers.knowledge import CUSTOMER
from regulars.customers.models import Customer, Segment, SegmentMember
from regulars.customers.queries import find_customers
from regulars.customers.queries.consents import purpose_names
from regulars.customers.queries.saying import in_words
from regulars.customers.queries.segments import (
    get_segment,
    members_among,
    members_of,
    sizes_of,
    why,
)
from regulars.customers.rules.consents import CHANNELS
from regulars.insight.segments.exporting import FORMATS, members_as_file
from regulars.insight.segments.reach import reach_of_segment
from regulars.web.charts import Point, Series, column_chart
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, page, show

ROWS = 50
DAYS = 30
FOUND_MAX = 5


@page(
    "segments",
    needs="customers.view_segment",
    nav=Nav(gettext_lazy("Segments"), 45, "people", "M"),
    title=gettext_lazy("Segments"),
)
def segments(request: HttpRequest) -> Shown:
    """Every segment with what it says and how many people are in it; the company's own first."""
    rows = list(Segment.objects.order_by("is_ready_made", "name"))
    sizes = sizes_of(rows)
    names = purpose_names()
    shown = [
        (one, named(one), sizes[one.pk], said_of(one), names.get(one.purpose, one.purpose))
        for one in rows
    ]
    return show(
        request,
        "insight/segments.html",
        own=[row for row in shown if not row[0].is_ready_made],
        ready_made=[row for row in shown if row[0].is_ready_made],
    )


@page("segments/<slug:code>", needs="customers.view_segment")
def segment_home(request: HttpRequest, code: str) -> Shown:
    """Who is in a segment, who came and went, and for one person why or why not."""
    segment = get_segment(code)
    listed = Paginator(members_of(segment).order_by("-entered_at", "-id"), ROWS)
    text = request.GET.get("q", "")[:100].replace("\x00", "")
    return show(
        request,
        "insight/segment_home.html",
        segment=segment,
        name=named(segment),
        size=sizes_of([segment])[segment.pk],
        sentence=said_of(segment),
        members=listed.get_page(request.GET.get("page")),
        chart=_movement(segment),
        query=text,
        reasons=_reasons(segment, text),
        purpose=purpose_names().get(segment.purpose, segment.purpose),
        formats=list(FORMATS),
    )


@page("segments/<slug:code>/switch", needs="customers.edit_segment")
def switch_segment(request: HttpRequest, code: str) -> Shown:
    """Stop keeping a segment up to date, or go on with it."""
    segment = get_segment(code)
    if request.method == "POST":
        told = SegmentInput(
            name=segment.name,
            name_ru=segment.name_ru,
            kind=segment.kind,
            condition=segment.condition if segment.kind == "live" else None,
            purpose=segment.purpose,
            is_on=not segment.is_on,
        )
        change_segment(segment, told, now=timezone.now())
        say(request, _("Switched on.") if told.is_on else _("Switched off."))
    return redirect("insight.segment_home", code=segment.code)


@page("segments/<slug:code>/remove", needs="customers.edit_segment")
def remove_segment(request: HttpRequest, code: str) -> Shown:
    """Remove a segment, after a question."""
    segment = get_segment(code)
    if request.method != "POST":
        return show(request, "insight/remove_segment.html", segment=segment, name=named(segment))
    try:
        delete_segment(segment)
    except Refused as refused:
        say(request, refused.message)
        return redirect("insight.segment_home", code=code)
    say(request, _("The segment is removed."))
    return redirect("insight.segments")


@page("segments/<slug:code>/members.<slug:format>", needs="customers.view_segment")
def segment_file(request: HttpRequest, code: str, format: str) -> Shown:
    """Everybody in a segment as a file: our number and the moment of entry, no personal data."""
    return members_as_file(get_segment(code), format, now=timezone.localtime())


@page("segments/<slug:code>/reach", needs="customers.view_segment")
def segment_reach(request: HttpRequest, code: str) -> Shown:
    """How many of a segment may be contacted for its purpose, by channel, and why others may not."""
    segment = get_segment(code)
    found = reach_of_segment(segment, segment.purpose, now=timezone.now())
    context: dict[str, Any] = {
        "segment": segment,
        "name": named(segment),
        "purpose": purpose_names().get(segment.purpose, segment.purpose),
        "rows": [(_(CHANNELS[one.channel]), one) for one in found],
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "insight/_reach.html", context)
    return show(request, "insight/reach.html", **context)


@page(
    "customers/<int:customer_id>/segments",
    needs="customers.view_segment",
    panel_of="customer",
    title=gettext_lazy("Segments"),
)
def segments_of_customer(request: HttpRequest, customer_id: int) -> Shown:
    """The segments a person is in, with the day they came in."""
    user: Any = request.user
    found = get_seen(Customer, customer_id, seen_by=user)
    lead = found.merged_into_id or found.pk
    people = Customer.objects.filter(pk=lead) | Customer.objects.filter(merged_into=lead)
    stays = SegmentMember.objects.filter(customer__in=people, left_at=None, segment__is_on=True)
    rows = stays.select_related("segment").order_by("-entered_at")
    return show(
        request,
        "insight/_segments_of_customer.html",
        rows=[(row, named(row.segment)) for row in rows],
        number=lead,
    )


def named(segment: Segment) -> str:
    """The segment's name in the reader's language."""
    return in_language(segment.name, segment.name_ru)


def said_of(segment: Segment) -> str:
    """The condition in words; empty for static segments and where it no longer fits."""
    if segment.kind != "live":
        return ""
    try:
        return in_words(parse(segment.condition, CUSTOMER))
    except Refused:
        return ""


def _reasons(segment: Segment, text: str) -> list[dict[str, Any]]:
    """For the people that a text finds: whether each is in the segment, and why."""
    if not text.strip():
        return []
    people = list(find_customers(text).order_by("-pk")[:FOUND_MAX])
    inside = members_among(segment, [one.pk for one in people])
    return [
        {"customer": one, "is_member": one.pk in inside, **_reason(segment, one.pk)}
        for one in people
    ]


def _reason(segment: Segment, customer_id: int) -> dict[str, Any]:
    if segment.kind != "live":
        return {"reason": None}
    try:
        condition = parse(segment.condition, CUSTOMER)
        reason, changes_at = why(condition, customer_id, now=timezone.now(), words=translation)
    except (NotFound, Refused):
        return {"reason": None}
    return {"reason": reason, "changes_at": changes_at}


def _movement(segment: Segment) -> Any:
    """Who came in and who went out, by day, for the last thirty days."""
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    stays = SegmentMember.objects.filter(segment=segment).order_by()
    came = _by_day(stays, "entered_at", days[0])
    went = _by_day(stays, "left_at", days[0])
    entered = sum(came.values())
    left = sum(went.values())
    finding = ngettext("%(count)s person came in", "%(count)s people came in", entered)
    other = ngettext("%(count)s went out", "%(count)s went out", left)
    return column_chart(
        [
            Series(
                pgettext("segment", "Came in"),
                [Point(_short(day), came.get(day, 0)) for day in days],
            ),
            Series(_("Went out"), [Point(_short(day), went.get(day, 0)) for day in days]),
        ],
        title=_("The last thirty days"),
        finding=f"{finding % {'count': entered}}, {other % {'count': left}}",
        height=140,
    )


def _by_day(stays: Any, moment: str, since: date) -> dict[date, int]:
    rows = (
        stays.filter(**{f"{moment}__date__gte": since})
        .annotate(day=TruncDate(moment))
        .values_list("day")
        .annotate(count=Count("id"))
    )
    return dict(rows)


def _short(day: date) -> str:
    return date_format(day, "j M")
