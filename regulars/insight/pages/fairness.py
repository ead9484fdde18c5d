"""Quality with fairness: as answered beside what the same customers would give everywhere."""

from typing import Any, get_args

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.core.errors import Forbidden
from regulars.feedback.shown import LABELS, add_view, factor_of, tabs
from regulars.insight.metrics.fair_scores import OF_PEOPLE, FairBy
from regulars.insight.pages.asking import as_csv, measure_asked, scope_of
from regulars.insight.pages.comparing import BY_LABELS, ROWS
from regulars.insight.queries.metrics import Ask, measured
from regulars.insight.shown.comparing import group_names, measure_choices, no_group, score_of
from regulars.insight.shown.fairness import adjusted_for, fair_row, finding, funnel_of
from regulars.web.charts import points
from regulars.web.filters import read_filters
from regulars.web.pages import Shown, page, show

add_view("fair", gettext_lazy("Fair comparison"), "insight.fair_scores")


@page("listen/fair", needs="feedback.view_signal", title=gettext_lazy("Fair comparison"))
def fair_scores(request: HttpRequest) -> Shown:
    """Scores as answered and adjusted for the mix of customers, in the funnel of chance."""
    filters = read_filters(request)
    found = _found(request)
    measure, by = found["measure"], found["by"]
    names = _names(found)
    groups = sorted(found["groups"], key=lambda group: (_rank(group), names[group["key"]]))
    listed = Paginator(groups, ROWS).get_page(request.GET.get("page"))
    return show(
        request,
        "insight/fair_scores.html",
        filters=filters,
        tabs=tabs("fair", request),
        measure=measure,
        by=by,
        measures=measure_choices(),
        groupings=[(key, BY_LABELS[key]) for key in _offered(request)],
        is_of_people=by in OF_PEOPLE,
        measure_label=LABELS[measure],
        by_label=BY_LABELS[by],
        finding=finding(found),
        adjusted_for=adjusted_for(found),
        least=found["answers_min"],
        overall=_overall(found),
        chart=funnel_of(found, names, title=_("Chance or more"), column=str(BY_LABELS[by])),
        page=listed,
        rows=[_row(group, found, names) for group in listed],
    )


@page("listen/fair.csv", needs="feedback.view_signal")
def fair_scores_csv(request: HttpRequest) -> Shown:
    """The same comparison as a file, in units of the measure."""
    found = _found(request)
    names = _names(found)
    columns = [
        _("Group"), _("As answered"), _("Low"), _("High"), "n", _("People who answered"),
        _("Expected of these customers"), _("Adjusted score"), _("Low"), _("High"),
        _("Best guess"), _("p, adjusted"), _("Verdict"),
    ]  # fmt: skip
    rows = [
        (
            names[group["key"]],
            *(group["raw"][key] for key in ("value", "low", "high", "answers")),
            *(
                group[key]
                for key in (
                    "people", "expected", "adjusted", "low", "high", "best_guess", "p_adjusted", "verdict",
                )
            ),
        )
        for group in sorted(found["groups"], key=lambda group: names[group["key"]])
    ]  # fmt: skip
    return as_csv("fair-comparison", columns, rows, now=timezone.localtime())


def _found(request: HttpRequest) -> dict[str, Any]:
    """What the address asks to compare; nonsense in it counts as not given.

    Raises Forbidden where it asks to compare employees and the person may not see who served.
    """
    by = request.GET.get("by", "")
    if by in OF_PEOPLE and by not in _offered(request):
        raise Forbidden("role_is_missing", _("Your role does not see which employee served."))
    settings = {
        "measure": measure_asked(request),
        "by": by if by in _offered(request) else "store",
    }
    ask = Ask("fair_scores", scope_of(read_filters(request)), settings)
    return measured({"it": ask}, now=timezone.now())["it"]


def _offered(request: HttpRequest) -> list[str]:
    """What this person may compare: employees only with the right to see who served."""
    sees_people = request.user.has_perm("personal.view_agent")
    return [one for one in get_args(FairBy) if sees_people or one not in OF_PEOPLE]


def _names(found: dict[str, Any]) -> dict[str, str]:
    keys = [group["key"] for group in found["groups"]]
    known = group_names(found["by"], keys)
    return {key: known.get(key) or no_group(found["by"]) for key in keys}


def _rank(group: dict[str, Any]) -> int:
    """What lies apart comes first, then what does not, then what is too small: no league table."""
    if group["adjusted"] is None:
        return 2
    return 1 if group["verdict"] == "no_evidence" else 0


def _row(group: dict[str, Any], found: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    measure = found["measure"]
    return {
        "name": names[group["key"]],
        "raw": score_of(group["raw"], measure),
        "fair": fair_row(group, measure, overall=found["overall"]),
    }


def _overall(found: dict[str, Any]) -> str:
    if found["overall"] is None:
        return ""
    return points(factor_of(found["measure"]) * found["overall"])
