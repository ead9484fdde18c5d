"""A fair comparison in words: what the mix of customers does, and whether groups can be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from regulars.feedback.rules.fairness import BOUNDS, GROUPS_MIN, OUTER_LIMIT
from regulars.feedback.rules.normal import z_for
from regulars.feedback.shown import factor_of
from regulars.insight.shown.comparing import TONES, chance
from regulars.insight.shown.words import percent, whole
from regulars.web.charts import Chart, Dot, Funnel, funnel_chart, points, signed

Figures = Mapping[str, Any]
MIX: dict[str, Promise] = {
    "age": gettext_lazy("age"),
    "gender": gettext_lazy("gender"),
    "tier": gettext_lazy("tier"),
    "bought": gettext_lazy("purchases in the year before"),
    "channel": gettext_lazy("the channel of the answer"),
    "touchpoint": gettext_lazy("the touchpoint asked about"),
}


@dataclass(frozen=True)
class FairRow:
    """One group as people read it; empty texts where there is not enough data."""

    mix: str
    adjusted: str
    bounds: str
    guess: str
    verdict: str
    tone: str
    chance: str


def fair_row(group: Figures, measure: str, *, overall: float) -> FairRow:
    """The adjusted side of a group in words."""
    if group["adjusted"] is None:
        return FairRow("", "", "", "", _("not enough data"), "", "")
    factor = factor_of(measure)
    words = {
        "higher": _("above the whole"),
        "lower": _("below the whole"),
        "no_evidence": _("no evidence of a difference"),
    }
    low, high = (points(factor * group[key]) for key in ("low", "high"))
    return FairRow(
        signed(factor * (group["expected"] - overall)),
        points(factor * group["adjusted"]),
        _("%(low)s to %(high)s") % {"low": low, "high": high},
        points(factor * group["best_guess"]),
        words[group["verdict"]],
        TONES.get(group["verdict"], ""),
        chance(group["p_adjusted"]),
    )


def finding(found: Figures) -> str:
    """Whether the data can tell the groups apart, in a sentence or two."""
    if found["p_value"] is None:
        return _why_untold(found)
    words = {"p": chance(found["p_value"]), "share": percent(found["beyond_chance"])}
    apart = sum(group["verdict"] in TONES for group in found["groups"])
    if not apart:
        return _none_apart(is_apart=found["is_apart"]) % words
    told = ngettext(
        "%(count)s group lies apart from the whole beyond chance.",
        "%(count)s groups lie apart from the whole beyond chance.",
        apart,
    ) % {"count": whole(apart)}
    rest = (
        _("Of the spread among groups %(share)s is more than chance (%(p)s).")
        if found["is_apart"]
        else _(
            "All together they differ by no more than chance alone would make them (%(p)s): do not rank the others."
        )
    )
    return f"{told} {rest % words}"


def _none_apart(*, is_apart: bool) -> str:
    """What is said where no group lies apart by itself."""
    if is_apart:
        return _(
            "The groups differ as a whole (%(p)s), yet of no single one is it certain. Do not rank them."
        )
    return _(
        "These answers cannot tell the groups apart: they differ by no more than chance alone would make them (%(p)s). Do not rank them."
    )


def _why_untold(found: Figures) -> str:
    """Why nothing was compared."""
    known = sum(group["people"] >= found["answers_min"] for group in found["groups"])
    if known < GROUPS_MIN:
        return _(
            "There are too few answers to compare: it takes two groups of %(least)s people each."
        ) % {"least": whole(found["answers_min"])}
    return _(
        "Within each group everybody answered alike. Such answers do not show how much is chance, so it cannot be told whether the groups differ."
    )


def adjusted_for(found: Figures) -> str:
    """What scores are adjusted for, as a list in words, and how much it explains, if that is known."""
    words = {"mix": ", ".join(str(MIX[name]) for name in found["mix"])}
    if found["explained"] is None:
        return (
            _(
                "Scores are adjusted for %(mix)s. How much these explain cannot be told: nothing could be compared."
            )
            % words
        )
    return _(
        "Adjusted for %(mix)s, which together explain %(share)s of how answers vary within a group."
    ) % {**words, "share": percent(found["explained"])}


def funnel_of(found: Figures, names: Mapping[str, str], *, title: str, column: str) -> Chart:
    """The adjusted scores in the funnel of chance; groups beyond chance bear their number.

    Answers that belong to no group stand in the list only: so many would press all others to the edge.
    """
    factor = factor_of(found["measure"])
    known = [one for one in found["groups"] if one["key"] and one["adjusted"] is not None]
    known.sort(key=lambda group: names[group["key"]])
    low, high = BOUNDS[found["measure"]]
    dots = [
        Dot(
            names[group["key"]],
            group["people"],
            factor * group["adjusted"],
            TONES.get(group["verdict"], "quiet"),
        )
        for group in known
    ]
    if found["deviation"] is None:
        dots = []
    funnel = Funnel(
        (found["overall"] or 0) * factor,
        (found["deviation"] or 0) * factor,
        (z_for(0.95), z_for(OUTER_LIMIT)),
        (low * factor, high * factor),
    )
    return funnel_chart(
        dots,
        funnel,
        title=title,
        finding=_(
            "Within the inner band a group is like all others 95 times in 100, within the outer one 998 times in 1,000."
        ),
        columns=(column, _("People who answered"), _("Adjusted score")),
        show=points,
    )
