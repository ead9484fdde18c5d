"""A fair comparison in words: what the mix of customers does, and whether groups can be told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from regulars.feedback.rules.fairness import BOUNDS, OUTER_LIMIT
from regulars.feedback.rules.normal import z_for
from regulars.insight.shown.comparing import chance
from regulars.insight.shown.words import percent, points, signed, whole
from regulars.web.charts import Chart, Dot, Funnel, funnel_chart

Figures = Mapping[str, Any]
TONES = {"higher": "good", "lower": "bad"}
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


def factor_of(measure: str) -> float:
    """How often the units of the measure go into those people read."""
    return 100 if measure == "csat" else 1


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
    low, high = (_said(group[key] * factor, measure) for key in ("low", "high"))
    return FairRow(
        signed(_rounded((group["expected"] - overall) * factor, measure)),
        _said(group["adjusted"] * factor, measure),
        _("%(low)s to %(high)s") % {"low": low, "high": high},
        _said(group["best_guess"] * factor, measure),
        words[group["verdict"]],
        TONES.get(group["verdict"], ""),
        chance(group["p_adjusted"]),
    )


def finding(found: Figures) -> str:
    """Whether the data can tell the groups apart, in a sentence or two."""
    if found["p_value"] is None:
        return _(
            "There are too few answers to compare: it takes two groups of %(least)s people each."
        ) % {"least": whole(found["answers_min"])}
    words = {"p": chance(found["p_value"]), "share": percent(found["beyond_chance"])}
    if not found["is_apart"]:
        return (
            _(
                "These answers cannot tell the groups apart: they differ by no more than chance alone would make them (%(p)s). Do not rank them."
            )
            % words
        )
    apart = sum(group["verdict"] in TONES for group in found["groups"])
    if not apart:
        return (
            _(
                "The groups differ as a whole (%(p)s), yet of no single one is it certain. Do not rank them."
            )
            % words
        )
    told = ngettext(
        "%(count)s group lies apart from the whole beyond chance.",
        "%(count)s groups lie apart from the whole beyond chance.",
        apart,
    ) % {"count": whole(apart)}
    rest = _("Of the spread among groups %(share)s is more than chance (%(p)s).") % words
    return f"{told} {rest}"


def adjusted_for(found: Figures) -> str:
    """What scores are adjusted for, as a list in words, and how much it explains."""
    return _(
        "Adjusted for %(mix)s, which together explain %(share)s of how answers vary within a group."
    ) % {
        "mix": ", ".join(str(MIX[name]) for name in found["mix"]),
        "share": percent(found["explained"]),
    }


def funnel_of(found: Figures, names: Mapping[str, str], *, title: str, column: str) -> Chart:
    """The adjusted scores in the funnel of chance; groups beyond chance bear their number."""
    factor = factor_of(found["measure"])
    known = [group for group in found["groups"] if group["adjusted"] is not None]
    known.sort(key=lambda group: names[group["key"]])
    low, high = BOUNDS[found["measure"]]
    dots = [
        Dot(
            names[group["key"]],
            group["people"],
            _rounded(group["adjusted"] * factor, found["measure"]),
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


def _rounded(value: float, measure: str) -> float:
    return round(value, 2 if measure == "ces" else 1)


def _said(value: float, measure: str) -> str:
    return points(_rounded(value, measure))
