"""Reports: sales by store and category, RFM segments, points; each can be taken along as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.company.queries import get_brand
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.insight.pages.asking import address_of, as_csv, may_list, scope_of
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.rules.scope import Scope
from regulars.insight.shown.loyalty import liability_chart, liability_figure, members_figure
from regulars.insight.shown.sales import (
    category_label,
    change_words,
    concentration,
    sales_chart,
    store_label,
    top_bars,
)
from regulars.insight.shown.segments import HINTS, NAMES, segments_chart
from regulars.insight.shown.words import month_of, percent
from regulars.web.filters import carried_query, read_filters
from regulars.web.pages import Nav, Shown, page, show

ROWS = 25
SORTS = ("money_minor", "receipts", "customers", "before_minor")


@dataclass(frozen=True)
class Report:
    """A line of the list of reports."""

    title: Promise
    hint: Promise
    icon: str
    name: str
    needs: str = "insight.view_report"


REPORTS = (
    Report(
        gettext_lazy("Sales"),
        gettext_lazy("By week, store and category; members and others"),
        "reports",
        "insight.sales",
    ),
    Report(
        gettext_lazy("RFM segments"),
        gettext_lazy("Who buys lately, often and for much, and who is about to leave"),
        "customers",
        "insight.rfm",
    ),
    Report(
        gettext_lazy("Members and points"),
        gettext_lazy("Active members, points issued, redeemed and owed"),
        "loyalty",
        "insight.points",
    ),
    Report(
        gettext_lazy("Visits"),
        gettext_lazy("What leads people to the site, and who then buys"),
        "spark",
        "insight.visits",
    ),
    Report(
        gettext_lazy("Survey results"),
        gettext_lazy("NPS, CSAT and CES by store and touchpoint, with what people said"),
        "listen",
        "feedback.results",
        "feedback.view_signal",
    ),
)


@page(
    "reports",
    needs="insight.view_report",
    nav=Nav(gettext_lazy("Reports"), 80, "reports", "R"),
    title=gettext_lazy("Reports"),
)
def reports(request: HttpRequest) -> Shown:
    """The list of reports."""
    carried = carried_query(request)
    listed = [
        (report, address_of(report.name) + carried)
        for report in REPORTS
        if request.user.has_perm(report.needs) and address_of(report.name)
    ]
    return show(request, "insight/reports.html", reports=listed)


@page("reports/sales", needs="insight.view_report", title=gettext_lazy("Sales report"))
def sales(request: HttpRequest) -> Shown:
    """Sales by week, store and category, beside the time before."""
    filters, company = read_filters(request), get_brand()
    found = _sales_of(scope_of(filters))
    stores, categories = found["stores"]["stores"], found["categories"]["categories"]
    sort = request.GET.get("sort", "-money_minor")
    key = sort.lstrip("-") if sort.lstrip("-") in SORTS else "money_minor"
    listed = Paginator(
        sorted(stores, key=lambda store: store[key], reverse=sort.startswith("-")), ROWS
    ).get_page(request.GET.get("page"))
    listed.object_list = [_with_words(store, store_label(store)) for store in listed]
    return show(
        request,
        "insight/sales.html",
        filters=filters,
        currency=company.currency,
        total=sum(store["money_minor"] for store in stores),
        chart=sales_chart(found["weeks"], currency=company.currency),
        stores=listed,
        stores_finding=concentration(
            [store for store in stores if store["money_minor"] > 0],
            _("The best %(first)s of %(all)s stores brought %(share)s of sales."),
        ),
        category_chart=top_bars(
            categories,
            label=category_label,
            title=_("Sales by category"),
            finding=_("The ten largest categories of the period."),
            currency=company.currency,
        ),
        categories=[_with_words(row, category_label(row)) for row in categories],
    )


@page("reports/sales.csv", needs="insight.view_report")
def sales_csv(request: HttpRequest) -> Shown:
    """The sales report as a file: `by` is store or category."""
    found, by = _sales_of(scope_of(read_filters(request))), request.GET.get("by", "store")
    if by not in {"store", "category"}:
        raise Refused("unknown_kind", _("Choose sales by store or by category."), "by")
    rows, label = (
        (found["stores"]["stores"], store_label)
        if by == "store"
        else (found["categories"]["categories"], category_label)
    )
    unit = minor_per_unit(get_brand().currency)
    columns = [_("Name"), _("Sales"), _("Sales before"), _("Receipts or lines")]
    return as_csv(
        f"sales-by-{by}",
        columns,
        [
            (
                label(row),
                row["money_minor"] / unit,
                row["before_minor"] / unit,
                row.get("receipts", row.get("lines")),
            )
            for row in rows
        ],
        now=timezone.localtime(),
    )


def _sales_of(scope: Scope) -> dict[str, dict[str, Any]]:
    asks = {
        "weeks": Ask("sales_members_vs_others", scope),
        "stores": Ask("sales_by_store", scope),
        "categories": Ask("sales_by_category", scope),
    }
    return measured(asks, now=timezone.now())


def _with_words(row: dict[str, Any], label: str) -> dict[str, Any]:
    return {**row, "label": label, "change": change_words(row["money_minor"], row["before_minor"])}


@page("reports/rfm", needs="insight.view_report", title=gettext_lazy("RFM segments"))
def rfm(request: HttpRequest) -> Shown:
    """Every segment with its customers and what they are worth; a segment leads to its people."""
    filters, company = read_filters(request), get_brand()
    found = measured({"rfm": Ask("rfm", scope_of(filters))}, now=timezone.now())["rfm"]
    linked = may_list(request, filters)
    return show(
        request,
        "insight/rfm.html",
        filters=filters,
        currency=company.currency,
        linked=linked,
        chart=segments_chart(found, linked=linked),
        segments=segment_rows(found["segments"]),
    )


def segment_rows(segments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the segment table: name, customers, shares, and means per customer."""
    people = sum(row["customers"] for row in segments) or 1
    money = sum(row["money_minor"] for row in segments) or 1
    return [
        {
            **row,
            "name": NAMES[row["segment"]],
            "hint": HINTS[row["segment"]],
            "people_share": percent(row["customers"] / people),
            "money_share": percent(max(0, row["money_minor"]) / money),
            "mean_minor": row["money_minor"] // (row["customers"] or 1),
            "mean_purchases": row["purchases"] / (row["customers"] or 1),
            "mean_days": row["recency_days"] / (row["customers"] or 1),
        }
        for row in segments
    ]


@page("reports/rfm.csv", needs="insight.view_report")
def rfm_csv(request: HttpRequest) -> Shown:
    """The segment table as a file."""
    scope = scope_of(read_filters(request))
    found = measured({"rfm": Ask("rfm", scope)}, now=timezone.now())["rfm"]
    unit = minor_per_unit(get_brand().currency)
    return as_csv(
        "rfm-segments",
        [_("Segment"), _("Customers"), _("Sales in two years"), _("Purchases")],
        [
            (
                str(NAMES[row["segment"]]),
                row["customers"],
                row["money_minor"] / unit,
                row["purchases"],
            )
            for row in found["segments"]
        ],
        now=timezone.localtime(),
    )


@page("reports/points", needs="insight.view_report", title=gettext_lazy("Members and points"))
def points(request: HttpRequest) -> Shown:
    """Active members, and the points issued, redeemed and owed, month by month."""
    filters, company = read_filters(request), get_brand()
    scope = scope_of(filters)
    asks = {kind: Ask(kind, scope) for kind in ("active_members", "points_liability")}
    found = measured(asks, now=timezone.now())
    liability = found["points_liability"]
    is_whole = filters.limit is None
    return show(
        request,
        "insight/points.html",
        filters=filters,
        currency=company.currency,
        members=members_figure(found["active_members"], url=""),
        liability=liability_figure(liability, currency=company.currency, url="")
        if is_whole
        else None,
        chart=liability_chart(liability, currency=company.currency) if is_whole else None,
        months=[
            {**month, "label": month_of(date.fromisoformat(month["month"]))}
            for month in reversed(liability["months"])
        ]
        if is_whole
        else [],
    )
