"""The report of visits: what leads people to the site, and who then buys."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.customers.known.visits import WAYS
from regulars.feedback.rules.scores import Score
from regulars.insight.metrics.visits_by_source import DAYS
from regulars.insight.pages.asking import as_csv, scope_of
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.shown.words import whole
from regulars.web.charts import Bar, Chart, bar_chart
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show


@page("reports/visits", needs="insight.view_report", title=gettext_lazy("Visits report"))
def visits(request: HttpRequest) -> Shown:
    """Visits by what led to them, with the share of visitors who bought within seven days."""
    filters = read_filters(request)
    found = _found(request)
    return show(
        request,
        "insight/visits.html",
        filters=filters,
        sample=bool(found["samples"]),
        sources=found["sources"],
        visits=sum(row["visits"] for row in found["sources"]),
        chart=_chart(found["sources"]),
        days=DAYS,
    )


@page("reports/visits.csv", needs="insight.view_report")
def visits_csv(request: HttpRequest) -> Shown:
    """The report of visits as a file."""
    columns = [_("Led here by"), _("Source"), _("Visits"), _("Visitors"), "n", _("Bought")]
    rows = [
        (row["label"], row["led_by"], row["visits"], row["visitors"], row["due"], row["bought"])
        for row in _found(request)["sources"]
    ]
    return as_csv("visits", columns, rows, now=timezone.localtime())


def _found(request: HttpRequest) -> dict[str, Any]:
    ask = Ask("visits_by_source", scope_of(read_filters(request)))
    found = measured({"visits": ask}, now=timezone.now())["visits"]
    for row in found["sources"]:
        row["label"] = str(WAYS[row["came_from"]])
        row["per_cent"] = row["score"] and _per_cent(row["score"])
    return found


def _per_cent(score: dict[str, Any]) -> Score:
    shares = {key: round(100 * score[key], 1) for key in ("value", "low", "high")}
    return Score(**shares, answers=score["answers"])


def _chart(sources: Sequence[dict[str, Any]]) -> Chart:
    counts: Counter[str] = Counter()
    for row in sources:
        counts[row["label"]] += row["visits"]
    return bar_chart(
        [Bar(label, count, "c1") for label, count in counts.most_common()],
        title=_("Visits by what led to them"),
        finding="",
        show=whole,
    )
