"""The journey map, and one touchpoint: its target model, passages and measures."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date, format_skeleton
from django import forms
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from regulars.core.access import get_seen
from regulars.core.errors import Refused
from regulars.journey.actions import (
    TargetInput,
    TouchpointInput,
    add_touchpoint,
    change_touchpoint,
    ensure_defaults,
    retire_touchpoints,
    set_target,
)
from regulars.journey.measures import Period, measure_label, measures
from regulars.journey.models import Stage, TargetModel, Touchpoint
from regulars.journey.queries import (
    Cell,
    Map,
    Row,
    cell_of,
    customers_through,
    history_of,
    journey_map,
    numbers_of,
    passages_over_time,
    step_for,
)
from regulars.journey.rules import CHANNELS, ENOUGH_ANSWERS, FED_BY, STAGES
from regulars.web.charts import Chart, Point, Series, column_chart, plain_number
from regulars.web.filters import Filters, read_filters
from regulars.web.frame import say
from regulars.web.pages import Nav, Shown, blame, page, panels_of, show, show_form

STANDINGS: dict[str, tuple[Any, str]] = {
    "met": (gettext_lazy("Goal met"), "good"),
    "below": (gettext_lazy("Below goal"), "bad"),
    "open": (gettext_lazy("Around goal"), "accent"),
    "too_few": (gettext_lazy("Not enough data"), "warn"),
    "no_goal": (gettext_lazy("No goal set"), ""),
    "not_measured": (gettext_lazy("Not measured"), ""),
}


def _period(filters: Filters) -> Period:
    return Period(filters.from_at, filters.until_at)


def _view_of(cell: Cell, columns: dict[str, int]) -> dict[str, Any]:
    label, tone = STANDINGS[cell.standing]
    found = measures.kinds().get(cell.measure)
    return {
        "cell": cell,
        "touchpoint": cell.touchpoint,
        "measure": measure_label(cell.measure) if cell.measure else "",
        "short": cell.measure.upper(),
        "unit": found.unit if found else "",
        "standing": label,
        "tone": tone,
        "column": columns.get(cell.touchpoint.channel, 0),
    }


WORST_FIRST = ("below", "open", "met", "no_goal", "too_few", "not_measured")


def _row_of(row: Row, columns: dict[str, int]) -> dict[str, Any]:
    standings = {cell.standing for cell in row.cells}
    worst = next((each for each in WORST_FIRST if each in standings), "")
    label, tone = STANDINGS[worst] if worst else (_("Nothing here yet"), "")
    return {
        "stage": row.stage,
        "passages": row.passages,
        "cells": [_view_of(cell, columns) for cell in row.cells],
        "live": [_view_of(cell, columns) for cell in row.cells if cell.is_live],
        "quiet": [_view_of(cell, columns) for cell in row.cells if not cell.is_live],
        "standing": label,
        "tone": tone,
        "measured": worst not in ("", "not_measured", "too_few"),
    }


@page(
    "journey",
    needs="journey.view_touchpoint",
    nav=Nav(gettext_lazy("Journey"), 30, "journey", "J"),
    title=gettext_lazy("Journey map"),
)
def map_page(request: HttpRequest) -> Shown:
    """The nine stages by channel, each touchpoint with passages, score, goal and grey zones."""
    filters = read_filters(request)
    found = journey_map(_period(filters), store_ids=filters.store_ids)
    live = {cell.touchpoint.channel for cell in found.cells if cell.is_live}
    used = [channel for channel in found.channels if channel in live]
    columns = {channel: place for place, channel in enumerate(used, 1)}
    rows = [_row_of(row, columns) for row in found.rows]
    return show(
        request,
        "journey/map.html",
        filters=filters,
        map=found,
        rows=rows,
        channels=[(place, _(CHANNELS[key])) for key, place in columns.items()],
        greyest=[cell.touchpoint for cell in found.greyest[:3]],
        enough=ENOUGH_ANSWERS,
        **_headline(found),
    )


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.01 else f"{round(100 * share)} %"


def _headline(found: Map) -> dict[str, Any]:
    judged = [cell.standing for cell in found.cells if cell.goal is not None]
    share = found.coverage.grey_share
    return {
        "grey_share": None if share is None else _percent(share),
        "goals": len(judged),
        "goals_met": judged.count("met"),
        "goals_below": judged.count("below"),
    }


class TargetForm(forms.Form):
    """The target model of a touchpoint."""

    expectation = forms.CharField(
        label=gettext_lazy("What should happen here"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    expectation_ru = forms.CharField(
        label=gettext_lazy("The same in Russian"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    measure = forms.ChoiceField(label=gettext_lazy("What measures it"), required=False)
    goal = forms.DecimalField(
        label=gettext_lazy("Goal"), required=False, max_digits=9, decimal_places=2
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [("", _("Nothing yet"))]
        choices += [(key, str(found.label)) for key, found in measures.kinds().items()]
        self.fields["measure"].choices = choices  # type: ignore[attr-defined]
        scales = [
            f"{found.label}: {found.low:g}…{found.high:g}" for found in measures.kinds().values()
        ]
        self.fields["goal"].help_text = "; ".join(scales)

    @property
    def target(self) -> TargetInput:
        """What the form says, for the action."""
        given = self.cleaned_data
        goal: Decimal | None = given["goal"]
        return TargetInput(given["expectation"], given["expectation_ru"], given["measure"], goal)


@page("journey/<int:touchpoint_id>", needs="journey.view_touchpoint")
def touchpoint(request: HttpRequest, touchpoint_id: int) -> Shown:
    """One touchpoint: what should happen, what does, who measures it."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.user)  # type: ignore[arg-type]
    filters = read_filters(request)
    period, stores = _period(filters), filters.store_ids
    cell = cell_of(found, period, store_ids=stores)
    return show(
        request,
        "journey/touchpoint.html",
        filters=filters,
        customers=customers_through(found, period, store_ids=stores),
        chart=_chart(found, filters),
        numbers=[
            {"key": key, "label": each.label, "unit": each.unit, "score": number}
            for key, each, number in numbers_of(found, period, store_ids=stores)
        ],
        score=cell.number,
        enough=ENOUGH_ANSWERS,
        history=[_history_line(target) for target in history_of(found)[:20]],
        fed_by=_(FED_BY[found.fed_by]),
        panels=panels_of("touchpoint", request.user),
        may_change=request.user.has_perm("journey.change_touchpoint"),
        **_view_of(cell, {}),
    )


def _history_line(target: TargetModel) -> dict[str, Any]:
    return {
        "target": target,
        "measure": measure_label(target.measure) if target.measure else _("Nothing yet"),
    }


def _chart(found: Touchpoint, filters: Filters) -> Chart:
    step = step_for(filters.days)
    counted = dict(
        passages_over_time(found, _period(filters), store_ids=filters.store_ids, step=step)
    )
    points = [
        Point(_day(start, step), counted.get(start, 0))
        for start in _starts(filters.from_on, filters.to_on, step)
    ]
    total = sum(counted.values())
    finding = ngettext(
        "%(count)s passage in these days.", "%(count)s passages in these days.", total
    )
    return column_chart(
        [Series(_("Passages"), points)],
        title=_("Passages over time"),
        finding=finding % {"count": plain_number(total)},
    )


def _starts(first: date, last: date, step: str) -> list[date]:
    """The first days of the steps of a period, the one it begins in included."""
    day = first
    if step == "week":
        day -= timedelta(days=day.weekday())
    elif step == "month":
        day = day.replace(day=1)
    starts = []
    while day <= last:
        starts.append(day)
        if step == "month":
            day = (day + timedelta(days=32)).replace(day=1)
        else:
            day += timedelta(days=7 if step == "week" else 1)
    return starts


def _day(start: date, step: str) -> str:
    language = (get_language() or "en").split("-")[0]
    if step == "month":
        return str(format_date(start, "LLL yyyy", locale=language))
    return str(format_skeleton("MMMd", start, locale=language))


@page("journey/<int:touchpoint_id>/target", needs="journey.change_touchpoint")
def target(request: HttpRequest, touchpoint_id: int) -> Shown:
    """States anew what should happen at a touchpoint, what measures it, and the goal."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.user)  # type: ignore[arg-type]
    latest = history_of(found).first()
    names = ("expectation", "expectation_ru", "measure", "goal")
    initial = {name: getattr(latest, name) for name in names} if latest else {}
    form = TargetForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            set_target(found, form.target, now=timezone.now(), set_by_id=request.user.pk)
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The target model is in force from now on."))
            return redirect("journey.touchpoint", found.pk)
    return show_form(request, "journey/target.html", form=form, touchpoint=found)


class TouchpointForm(forms.Form):
    """A touchpoint's place and name."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    name_ru = forms.CharField(label=gettext_lazy("Name in Russian"), max_length=100, required=False)
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=60,
        help_text=gettext_lazy("Other systems name the touchpoint by it. It stays for good."),
    )
    stage = forms.ChoiceField(label=gettext_lazy("Stage"))
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    fed_by = forms.ChoiceField(label=gettext_lazy("What writes its passages"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        places = {
            "stage": [(stage.key, _(stage.name)) for stage in STAGES],
            "channel": [(key, _(name)) for key, name in CHANNELS.items()],
            "fed_by": [(key, _(name)) for key, name in FED_BY.items()],
        }
        for field, choices in places.items():
            self.fields[field].choices = choices  # type: ignore[attr-defined]


@page("journey/new", needs="journey.change_touchpoint", title=gettext_lazy("New touchpoint"))
def new_touchpoint(request: HttpRequest) -> Shown:
    """Puts a touchpoint on the map."""
    form = TouchpointForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_touchpoint(TouchpointInput(**form.cleaned_data))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("The touchpoint is on the map. Now say what should happen there."))
            return redirect("journey.target", made.pk)
    return show_form(request, "journey/touchpoint_form.html", form=form, touchpoint=None)


@page("journey/<int:touchpoint_id>/change", needs="journey.change_touchpoint")
def change(request: HttpRequest, touchpoint_id: int) -> Shown:
    """Moves or renames a touchpoint, or takes it off the map."""
    found = get_seen(Touchpoint, touchpoint_id, seen_by=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and "retire" in request.POST:
        retire_touchpoints([found.pk], now=timezone.now())
        say(request, _("The touchpoint is off the map; its past is kept."))
        return redirect("journey.map_page")
    initial = {
        name: getattr(found, name) for name in ("name", "name_ru", "code", "channel", "fed_by")
    }
    initial["stage"] = Stage.objects.get(pk=found.stage_id).key
    form = TouchpointForm(request.POST or None, initial=initial)
    form.fields["code"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            change_touchpoint(found, TouchpointInput(**form.cleaned_data))
        except Refused as refused:
            blame(form, refused)
        else:
            say(request, _("Saved."))
            return redirect("journey.touchpoint", found.pk)
    return show_form(request, "journey/touchpoint_form.html", form=form, touchpoint=found)


@page("journey/start", needs="journey.change_touchpoint")
def start(request: HttpRequest) -> Shown:
    """Lays out the touchpoints a retailer starts with."""
    if request.method == "POST":
        ensure_defaults(now=timezone.now())
        say(request, _("The map is laid out. Change whatever is different with you."))
    return redirect("journey.map_page")
