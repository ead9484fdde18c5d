"""Corrected scores: as answered, as all customers would answer, and who stayed silent."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.feedback.shown import LABELS, add_view, factor_of, tabs
from regulars.insight.metrics.representation import ATTRIBUTES as NAMED
from regulars.insight.pages.asking import measure_asked, scope_of
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.shown.comparing import measure_choices, score_of
from regulars.insight.shown.representing import ATTRIBUTES, finding, silent_groups
from regulars.insight.shown.words import percent
from regulars.web.charts import points
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show

add_view("silent", gettext_lazy("Who stayed silent"), "insight.corrected_scores")


@page("listen/silent", needs="feedback.view_signal", title=gettext_lazy("Who stayed silent"))
def corrected_scores(request: HttpRequest) -> Shown:
    """The score as answered beside two corrections, the band between them, and silent groups."""
    filters = read_filters(request)
    measure = measure_asked(request)
    ask = Ask("representation", scope_of(filters), {"measure": measure})
    found = measured({"it": ask}, now=timezone.now())["it"]
    ways = [_named(score_of(found[key], measure)) for key in ("raking", "propensity")]
    raw = score_of(found["raw"], measure)
    return show(
        request,
        "insight/corrected_scores.html",
        filters=filters,
        tabs=tabs("silent", request),
        measure=measure,
        measures=measure_choices(),
        measure_label=LABELS[measure],
        raw=raw,
        raking=ways[0],
        propensity=ways[1],
        band=_band(found, measure),
        finding=finding(found, raw, ways),
        customers=found["customers"],
        responders=found["responders"],
        unreached=percent(found["unreached"]) if found["unreached"] else "",
        groups=silent_groups(found),
    )


def _named(score: Any) -> Any:
    """The score with what it was weighted by in the reader's words."""
    if score is None:
        return None
    kind = score.weighting.partition(":")[0]
    by = ", ".join(str(ATTRIBUTES[name]).lower() for name in NAMED)
    return score.told(None, weighting=f"{kind}:{by}")


def _band(found: dict[str, Any], measure: str) -> str:
    if found["band"] is None:
        return ""
    low, high = (points(factor_of(measure) * one) for one in found["band"])
    return _("%(low)s to %(high)s") % {"low": low, "high": high}
