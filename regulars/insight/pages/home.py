"""The home page: how things stand, what needs attention, and what to do first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from regulars.company.models import Brand, Employee
from regulars.company.queries import get_brand
from regulars.feedback.models import Signal
from regulars.feedback.queries.response import responses
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.rules.scores import Response
from regulars.feedback.shown import LABELS, store_name
from regulars.insight.actions.results import HOME
from regulars.insight.pages.asking import address_of, may_list
from regulars.insight.queries.lake import lake_is_empty, lake_version
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.queries.steps import steps_done
from regulars.insight.rules.scope import Scope
from regulars.insight.shown.loyalty import liability_figure, members_figure
from regulars.insight.shown.sales import sales_chart
from regulars.insight.shown.scores import Figure, csat_chart, csat_figure, nps_chart, nps_figure
from regulars.insight.shown.segments import segments_chart
from regulars.insight.shown.words import whole
from regulars.web.charts import Chart
from regulars.web.filters import Filters, carried_query, read_filters
from regulars.web.pages import Nav, Shown, page, panels_of, show

ATTENTION_MAX = 6
FIGURES = ("experience", "nps_trend", "csat_trend", "active_members", "points_liability")


@dataclass(frozen=True)
class Step:
    """One of the first five things to do."""

    title: Promise
    hint: Promise
    url: str
    done: bool


STEP_WORDS: dict[str, tuple[Promise, Promise, str]] = {
    "answer": (
        gettext_lazy("Answer your own survey"),
        gettext_lazy("Point your phone at the code on this page"),
        "feedback.first_answer",
    ),
    "resolve": (
        gettext_lazy("Take care of an unhappy answer"),
        gettext_lazy("Read it, act, and mark it as resolved"),
        "feedback.words",
    ),
    "card": (
        gettext_lazy("Redeem points at the till"),
        gettext_lazy("Find a member by card or phone, then redeem"),
        "loyalty.till",
    ),
    "colleague": (
        pgettext_lazy("first step", "Invite a colleague"),
        gettext_lazy("Each role sees what it works with"),
        "company.employees",
    ),
    "channel": (
        gettext_lazy("Connect e-mail"),
        gettext_lazy("Until then messages wait in the outbox page"),
        "channels.channels",
    ),
}


@page(
    "",
    needs="insight.view_home",
    nav=Nav(gettext_lazy("Home"), 10, "home", "H"),
    title=gettext_lazy("Home"),
    name="insight.home",
)
def home(request: HttpRequest) -> Shown:
    """Scores, members, points and sales of a period, and who needs attention now."""
    filters, company = read_filters(request), get_brand()
    steps = _steps(request)
    context = {
        "filters": filters,
        "is_empty": lake_is_empty(),
        "import_url": address_of("connectors.imports"),
        "company": company,
        "sample_url": address_of("company.sample_data"),
        "welcome_url": "" if company.is_set_up else address_of("company.welcome"),
        "steps": steps,
        "steps_done": sum(step.done for step in steps),
        "panels": _panels(request) if not all(step.done for step in steps) else [],
        **_now(request, filters, company),
    }
    return show(request, "insight/home.html", **context)


@page("home/now", needs="insight.view_home")
def now(request: HttpRequest) -> Shown:
    """The figures and the list on the home page, asked for every few seconds while it is open.

    Answers 204, nothing to do, while neither the lake nor the list has changed.
    """
    filters = read_filters(request)
    attention, version = _attention(request, filters), lake_version()
    if request.GET.get("seen") == _mark(attention, version):
        return HttpResponse(status=204)
    context = _now(request, filters, get_brand())
    return show(request, "insight/_now.html", filters=filters, **context)


def _now(request: HttpRequest, filters: Filters, company: Brand) -> dict[str, Any]:
    attention, version = _attention(request, filters), lake_version()
    scope = Scope.of(filters.from_on, filters.to_on, filters.store_ids)
    found = measured({kind: Ask(kind, scope) for kind in HOME}, now=timezone.now())
    return {
        "seen": _mark(attention, version),
        "attention": attention,
        "figures": _figures(
            request, found, filters=filters, company=company, unhappy=attention["count"]
        ),
        "charts": _charts(request, found, filters=filters, company=company),
        "samples": found["nps_trend"]["samples"] or found["csat_trend"]["samples"],
    }


def _mark(attention: Mapping[str, Any], version: int) -> str:
    """What the page has seen: it differs as soon as anything on it would."""
    newest = attention["signals"][0]["id"] if attention["signals"] else 0
    return f"{version}.{attention['count']}.{newest}"


def _figures(
    request: HttpRequest,
    found: Mapping[str, Any],
    *,
    filters: Filters,
    company: Brand,
    unhappy: int,
) -> list[Figure]:
    told = _responses(request, filters)
    results, words = address_of("feedback.results"), address_of("feedback.words")
    carried = carried_query(request)
    figures = [
        nps_figure(
            found["experience"],
            found["nps_trend"],
            url=results + carried,
            response=told.get("nps"),
        ),
        csat_figure(
            found["experience"],
            found["csat_trend"],
            url=results + carried,
            response=told.get("csat"),
        ),
        Figure(
            gettext("Unhappy answers open"),
            whole(unhappy),
            note=gettext("of all time"),
            url=f"{words}?state=open",
        ),
        members_figure(found["active_members"], url=address_of("insight.points") + carried),
    ]
    if cast("Employee", request.user).store_ids is None:
        figure = liability_figure(
            found["points_liability"],
            currency=company.currency,
            url=address_of("insight.points") + carried,
        )
        figures.append(figure)
    return figures


def _responses(request: HttpRequest, filters: Filters) -> dict[str, Response]:
    """Who was asked in these days and who answered, by measure."""
    which = SignalFilter(
        store_ids=filters.store_ids, since=filters.from_at, before=filters.until_at
    )
    return responses(which, seen_by=cast("Employee", request.user))


def _charts(
    request: HttpRequest, found: Mapping[str, Any], *, filters: Filters, company: Brand
) -> dict[str, Chart]:
    return {
        "nps": nps_chart(found["nps_trend"], today=filters.today),
        "csat": csat_chart(found["csat_trend"], today=filters.today),
        "sales": sales_chart(found["sales_members_vs_others"], currency=company.currency),
        "segments": segments_chart(found["rfm"], linked=may_list(request, filters)),
    }


def _attention(request: HttpRequest, filters: Filters) -> dict[str, Any]:
    """Unhappy signals that nobody took care of, straight from the database."""
    which = SignalFilter(store_ids=filters.store_ids)
    rows = which.rows(seen_by=cast("Employee", request.user))
    open_rows = rows.filter(is_unhappy=True, resolved_at__isnull=True)
    newest = open_rows.select_related("customer", "store", "survey").order_by("-at", "-pk")
    return {
        "count": open_rows.count(),
        "signals": [_row(signal) for signal in newest[:ATTENTION_MAX]],
    }


def _row(signal: Signal) -> dict[str, Any]:
    return {
        "id": signal.pk,
        "score": "" if signal.native_score is None else f"{signal.native_score:g}",
        "measure": LABELS.get(signal.measure, ""),
        "text": signal.text,
        "customer": signal.customer,
        "customer_url": address_of("customers.profile", signal.customer_id),
        "store": store_name(signal.store) if signal.store else "",
        "at": signal.at,
        "sample": signal.sample,
    }


def _steps(request: HttpRequest) -> list[Step]:
    done = steps_done()
    return [
        Step(title, hint, address_of(name), done[key])
        for key, (title, hint, name) in STEP_WORDS.items()
    ]


def _panels(request: HttpRequest) -> list[dict[str, Any]]:
    """What domains below show on the home page, drawn into it."""
    return [
        {"title": panel.title, "body": _body(panel.view(request))}
        for panel in panels_of("home", request.user)
    ]


def _body(response: Any) -> SafeString:
    return SafeString(response.content.decode())
