"""Results: scores with their intervals by store, touchpoint and month, and how answers spread."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.company.models import Store
from regulars.core.access import seen
from regulars.feedback.models import Signal, Survey
from regulars.feedback.pages.surveys import viewer
from regulars.feedback.queries.response import dispositions
from regulars.feedback.queries.scores import GroupScores, distribution, scores, scores_by
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.rules.response import Dispositions, response_rates
from regulars.feedback.rules.signals import SCALES, mood
from regulars.feedback.shown import LABELS, SHORT_LABELS, readable, shown_scores, store_name, tabs
from regulars.journey.models import Touchpoint
from regulars.web.charts import Bar, Chart, Point, Series, bar_chart, line_chart, plain_number
from regulars.web.filters import Filters, read_filters
from regulars.web.pages import Shown, page, show
from regulars.web.scores import count_words

ROWS = 25
MOOD_TONES = {"good": "good", "fair": "c5", "bad": "bad"}


def signal_filter(request: HttpRequest, filters: Filters) -> SignalFilter:
    """The signals that a page's address asks for; nonsense in it counts as not given."""
    return SignalFilter(
        survey_id=_number(request.GET.get("survey", "")),
        store_ids=frozenset({filters.store.id}) if filters.store else None,
        touchpoint_id=_number(request.GET.get("touchpoint", "")),
        since=filters.from_at,
        before=filters.until_at,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


@page("listen/results", needs="feedback.view_signal", title=gettext_lazy("Survey results"))
def results(request: HttpRequest) -> Shown:
    """The scores of a period, by store, touchpoint and month, each with its interval."""
    filters = read_filters(request)
    which, user = signal_filter(request, filters), viewer(request)
    before = signal_filter(request, filters.before)
    found = scores(which, seen_by=user)
    chosen = request.GET.get("measure", "")
    store_page, store_rows = _by_store(request, which)
    measure = chosen if chosen in found else next(iter(found), "")
    return show(
        request,
        "feedback/results.html",
        filters=filters,
        tabs=tabs("results", request),
        scores=shown_scores(found, scores(before, seen_by=user)),
        measure=measure,
        measures=[(key, LABELS[key]) for key in found],
        store_page=store_page,
        by_store=store_rows,
        by_touchpoint=_by_touchpoint(request, which),
        trend=_trend(request, which, measure, days=filters.days),
        spread=_spread(request, which, measure),
        surveys=visible_surveys(request),
        survey_id=which.survey_id,
        columns=list(SHORT_LABELS.items()),
        response=_response(dispositions(which, seen_by=user)),
    )


def _response(counts: Dispositions) -> list[tuple[str, str, str]]:
    """How invitations ended and the rates that follow: label, figure, formula; empty for none."""
    if not counts.known + counts.unknown:
        return []
    rates = response_rates(counts)
    found = [
        (_("Answered in full (I)"), counts.complete, ""),
        (_("Answered in part (P)"), counts.partial, ""),
        (_("Refused or broke off (R)"), counts.refused, ""),
        (_("Not reached (NC)"), counts.non_contact, ""),
        (_("Nothing heard (UH, UO)"), counts.unknown, ""),
    ]
    shown = [(label, plain_number(count), note) for label, count, note in found]
    named = (
        ("RR1", _("Response rate"), _("I among all")),
        ("COOP1", _("Cooperation rate"), _("I among those reached")),
        ("REF1", _("Refusal rate"), _("R among all")),
        ("CON1", _("Contact rate"), _("those reached among all")),
    )
    for name, label, formula in named:
        rate = rates[name]
        said = "–" if rate is None else f"{plain_number(100 * rate)}%"
        shown.append((f"{label} {name}", said, formula))
    return shown


def _cells(group: GroupScores) -> list[tuple[str, Any]]:
    """The scores of a group in the order of the columns; None where nobody answered."""
    return [
        (measure, readable(measure, group.scores[measure]) if measure in group.scores else None)
        for measure in SHORT_LABELS
    ]


def _by_store(request: HttpRequest, which: SignalFilter) -> tuple[Any, list[dict[str, Any]]]:
    """A page of stores with their scores, in the order that the address asks for."""
    groups = scores_by("store", which, seen_by=viewer(request))
    sort = request.GET.get("sort", "-answers")
    groups.sort(key=lambda group: _rank(group, sort.lstrip("-")), reverse=sort.startswith("-"))
    listed = Paginator(groups, ROWS).get_page(request.GET.get("page"))
    stores = Store.objects.in_bulk([group.key for group in listed if group.key])
    rows = [
        {
            "name": store_name(stores.get(group.key)),
            "code": _code(stores, group),
            "cells": _cells(group),
        }
        for group in listed
    ]
    return listed, rows


def _code(stores: dict[int, Store], group: GroupScores) -> str:
    return stores[group.key].code if group.key in stores else ""


def _rank(group: GroupScores, column: str) -> float:
    """Where a group stands in the order of a column; those without a score stand lowest."""
    if column in SHORT_LABELS:
        return group.scores[column].value if column in group.scores else -1e9
    return max(score.answers for score in group.scores.values())


def _by_touchpoint(request: HttpRequest, which: SignalFilter) -> list[dict[str, Any]]:
    groups = scores_by("touchpoint", which, seen_by=viewer(request))
    places = Touchpoint.objects.in_bulk([group.key for group in groups if group.key])
    return [
        {"name": str(places[group.key]) if group.key in places else "", "cells": _cells(group)}
        for group in groups
    ]


def _trend(request: HttpRequest, which: SignalFilter, measure: str, *, days: int) -> Chart:
    """The measure over time with its band: by week up to a quarter, by month beyond."""
    step = "week" if days <= 100 else "month"
    groups = scores_by(step, which, seen_by=viewer(request)) if measure else []
    known = [group for group in groups if measure in group.scores]
    points = []
    for group in known:
        score = readable(measure, group.scores[measure])
        label = date_format(
            timezone.localtime(group.key), "SHORT_DATE_FORMAT" if step == "week" else "M Y"
        )
        points.append(Point(label, score.value, score.low, score.high, note=count_words(score)))
    title = _("Over time: %(measure)s") % {"measure": LABELS.get(measure, "")}
    finding = _trend_finding(points)
    place = _("Week from") if step == "week" else _("Month")
    series = [Series(SHORT_LABELS.get(measure, ""), points)] if points else []
    return line_chart(series, title=title, finding=finding, place=place)


def _trend_finding(points: list[Point]) -> str:
    if not points or points[-1].value is None or points[0].value is None:
        return ""
    first, last = points[0], points[-1]
    words = {
        "first": plain_number(first.value or 0),
        "from": first.label,
        "last": plain_number(last.value or 0),
        "to": last.label,
    }
    if len(points) == 1:
        return _("%(last)s at %(to)s.") % words
    if (last.low or 0) <= (first.high or 0) and (last.high or 0) >= (first.low or 0):
        return (
            _("%(first)s at %(from)s, %(last)s at %(to)s: no clear change, for the bands overlap.")
            % words
        )
    return (
        _(
            "From %(first)s at %(from)s to %(last)s at %(to)s."
            " The band holds the truth 95 times in 100."
        )
        % words
    )


def _spread(request: HttpRequest, which: SignalFilter, measure: str) -> Chart:
    """How many answers gave each step of the scale."""
    counted = distribution(which, measure, seen_by=viewer(request)) if measure else {}
    low, high = SCALES.get(measure, (0, -1))
    whole = sum(counted.values())
    bars = [
        Bar(
            str(step),
            counted.get(step, 0),
            MOOD_TONES[mood(measure, step)],
            note=f"{100 * counted.get(step, 0) / whole:.0f}%",
        )
        for step in range(int(high), int(low) - 1, -1)
    ]
    title = _("How answers spread: %(measure)s") % {"measure": LABELS.get(measure, "")}
    common = max(counted, key=lambda step: counted[step], default=0)
    finding = _("Most often: %(step)s.") % {"step": common}
    return bar_chart(
        bars if whole else [], title=title, finding=finding, columns=(_("Score"), _("Answers"))
    )


@page("listen/signals.csv", needs="feedback.view_signal")
def export_signals(request: HttpRequest) -> Shown:
    """The signals of this view as CSV, neutralised for spreadsheets."""
    filters = read_filters(request)
    rows = signal_filter(request, filters).rows(seen_by=viewer(request))
    related = rows.select_related("store", "touchpoint", "survey").order_by("at", "pk")
    response = StreamingHttpResponse(
        _lines(related.iterator(2000)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="signals.csv"'
    return response


HEADINGS = (
    "at", "survey", "store", "touchpoint", "channel", "measure", "score", "share", "text",
    "language", "customer_id", "answer_id", "unhappy", "resolved_at", "sample",
)  # fmt: skip


def _lines(signals: Iterator[Signal]) -> Iterator[str]:
    yield "\ufeff" + _line(HEADINGS)
    for one in signals:
        yield _line(
            (
                one.at.isoformat(), one.survey.name if one.survey else "",
                one.store.code if one.store else "", one.touchpoint.code if one.touchpoint else "",
                one.channel, one.measure, _plain(one.native_score), _plain(one.share), _safe(one.text),
                one.language, one.customer_id or "", one.answer_id or "", int(one.is_unhappy),
                one.resolved_at.isoformat() if one.resolved_at else "", int(one.sample),
            )
        )  # fmt: skip


def _line(cells: tuple[Any, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([_safe(cell) if isinstance(cell, str) else cell for cell in cells])
    return written.getvalue()


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:g}"


def _safe(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and len(text) > 1 else text


def visible_surveys(request: HttpRequest) -> Any:
    """The surveys this person may see, for a choice."""
    return seen(Survey, viewer(request)).order_by("name")
