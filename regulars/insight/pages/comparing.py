"""Scores compared: stores, touchpoints, channels, tiers, segments, and the time before."""

from typing import Any, get_args

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.feedback.shown import LABELS, add_view, tabs
from regulars.insight.metrics.score_comparison import By
from regulars.insight.pages.asking import as_csv, measure_asked, scope_of
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.shown.comparing import (
    compared,
    finding,
    group_names,
    measure_choices,
    needed,
    no_group,
    score_of,
)
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show

ROWS = 25
BY_LABELS = {
    "store": gettext_lazy("Stores"),
    "touchpoint": gettext_lazy("Touchpoints"),
    "channel": gettext_lazy("Channels"),
    "tier": gettext_lazy("Tiers"),
    "segment": gettext_lazy("RFM segments"),
    "agent": gettext_lazy("Who served"),
    "team": gettext_lazy("Teams"),
}

add_view("compare", gettext_lazy("Compare"), "insight.compare_scores")


@page("listen/compare", needs="feedback.view_signal", title=gettext_lazy("Scores compared"))
def compare_scores(request: HttpRequest) -> Shown:
    """What differs from the rest, and what changed, beyond chance; and what shows no evidence."""
    filters = read_filters(request)
    found = _found(request)
    measure, by = found["measure"], found["by"]
    groups = sorted(found["groups"], key=_order)
    listed = Paginator(groups, ROWS).get_page(request.GET.get("page"))
    names = group_names(by, [group["key"] for group in listed])
    return show(
        request,
        "insight/compare_scores.html",
        filters=filters,
        tabs=tabs("compare", request),
        measure=measure,
        by=by,
        measures=measure_choices(),
        groupings=[(key, BY_LABELS[key]) for key in get_args(By)],
        measure_label=LABELS[measure],
        by_label=BY_LABELS[by],
        now=score_of(found["now"], measure),
        before=score_of(found["before"], measure),
        change=compared(found["change"], measure),
        finding=finding(found),
        needed=needed(found),
        page=listed,
        rows=[_row(group, measure, names.get(group["key"]) or no_group(by)) for group in listed],
        samples=found["samples"],
    )


@page("listen/compare.csv", needs="feedback.view_signal")
def compare_scores_csv(request: HttpRequest) -> Shown:
    """The same comparison as a file."""
    found = _found(request)
    names = group_names(found["by"], [group["key"] for group in found["groups"]])
    columns = [
        _("Group"), _("Score"), _("Low"), _("High"), "n", _("Change on the time before"), _("p, adjusted"),
        _("Against the rest"), _("p, adjusted"), _("Verdict"),
    ]  # fmt: skip
    rows = [
        (names.get(group["key"]) or no_group(found["by"]), *_flat(group))
        for group in found["groups"]
    ]
    return as_csv("scores-compared", columns, rows, now=timezone.localtime())


def _found(request: HttpRequest) -> dict[str, Any]:
    """What the address asks to compare; nonsense in it counts as not given."""
    by = request.GET.get("by", "")
    settings = {
        "measure": measure_asked(request),
        "by": by if by in get_args(By) else "store",
    }
    ask = Ask("score_comparison", scope_of(read_filters(request)), settings)
    return measured({"it": ask}, now=timezone.now())["it"]


def _order(group: dict[str, Any]) -> tuple[bool, float, int]:
    """What differs comes first, the surest on top; then the largest."""
    p_value = group["rest"]["p_adjusted"]
    answers = group["now"]["answers"] if group["now"] else 0
    return p_value is None, 1.0 if p_value is None else p_value, -answers


def _row(group: dict[str, Any], measure: str, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "now": score_of(group["now"], measure),
        "change": compared(group["change"], measure),
        "rest": compared(group["rest"], measure),
    }


def _flat(group: dict[str, Any]) -> tuple[object, ...]:
    now, change, rest = group["now"] or {}, group["change"], group["rest"]
    apart = [one["difference"] and one["difference"]["value"] for one in (change, rest)]
    return (
        *(now.get(key) for key in ("value", "low", "high", "answers")),
        apart[0], change["p_adjusted"], apart[1], rest["p_adjusted"], rest["verdict"],
    )  # fmt: skip
