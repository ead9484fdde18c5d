"""Who stayed silent and what a correction says, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from regulars.feedback.rules.comparing import EVIDENCE
from regulars.feedback.rules.scores import Score
from regulars.insight.shown.comparing import chance, group_names
from regulars.insight.shown.words import percent, whole
from regulars.web.charts import points

Figures = Mapping[str, Any]

ATTRIBUTES: dict[str, Promise] = {
    "age": gettext_lazy("Age"),
    "gender": gettext_lazy("Gender"),
    "tier": gettext_lazy("Tier"),
    "purchases": gettext_lazy("Purchases in a year"),
    "recency": gettext_lazy("Last purchase"),
}
LEVELS: dict[tuple[str, str], Promise] = {
    ("age", "under_25"): gettext_lazy("under 25"),
    ("age", "25_39"): gettext_lazy("25 to 39"),
    ("age", "40_59"): gettext_lazy("40 to 59"),
    ("age", "60_up"): gettext_lazy("60 and older"),
    ("age", "unknown"): gettext_lazy("age not known"),
    ("gender", "female"): gettext_lazy("women"),
    ("gender", "male"): gettext_lazy("men"),
    ("gender", "unknown"): gettext_lazy("gender not known"),
    ("tier", "none"): gettext_lazy("no tier"),
    ("purchases", "1"): gettext_lazy("one"),
    ("purchases", "2_4"): gettext_lazy("two to four"),
    ("purchases", "5_12"): gettext_lazy("five to twelve"),
    ("purchases", "13_up"): gettext_lazy("thirteen and more"),
    ("recency", "30"): gettext_lazy("within 30 days"),
    ("recency", "90"): gettext_lazy("31 to 90 days ago"),
    ("recency", "365"): gettext_lazy("longer ago"),
}


def silent_groups(found: Figures) -> list[dict[str, Any]]:
    """Each group of customers with its rate, bounds, and whether it answered less than the rest."""
    tiers = group_names("tier", [row["level"] for row in found["silent"]])
    return [
        {
            "attribute": ATTRIBUTES[row["attribute"]],
            "level": LEVELS.get(
                (row["attribute"], row["level"]), tiers.get(row["level"], row["level"])
            ),
            "people": row["people"],
            "rate": _share(row["rate"]),
            "bounds": _("%(low)s to %(high)s")
            % {"low": _share(row["low"]), "high": _share(row["high"])},
            **_standing(row),
        }
        for row in found["silent"]
    ]


def _standing(row: Figures) -> dict[str, str]:
    if row["p_value"] is None:
        return {"standing": _("nothing to compare with"), "tone": "", "chance": ""}
    told = chance(row["p_value"])
    if row["p_value"] >= EVIDENCE:
        return {"standing": _("no evidence of a difference"), "tone": "", "chance": told}
    if row["apart"] < 0:
        return {"standing": _("answered less"), "tone": "warn", "chance": told}
    return {"standing": _("answered more"), "tone": "accent", "chance": told}


def finding(found: Figures, raw: Score | None, shown: Sequence[Score | None]) -> str:
    """What the correction says of the score, in a sentence."""
    known = [score for score in shown if score is not None]
    if raw is None or not known:
        return _(
            "Not enough data to correct: it takes %(least)s answers of known customers who bought within a year."
        ) % {"least": whole(found["answers_min"])}
    values = [score.value for score in known]
    words = {"raw": points(raw.value), "low": points(min(values)), "high": points(max(values))}
    if raw.low is not None and raw.high is not None and _within(values, raw.low, raw.high):
        return (
            _(
                "Had everybody answered, the score would most likely be %(low)s to %(high)s; that is within what %(raw)s, as answered, leaves open."
            )
            % words
        )
    return (
        _(
            "Had everybody answered, the score would most likely be %(low)s to %(high)s and not %(raw)s, as answered."
        )
        % words
    )


def _within(values: Sequence[float], low: float, high: float) -> bool:
    return low <= min(values) and max(values) <= high


def _share(share: float) -> str:
    from babel.numbers import format_percent

    from regulars.insight.shown.words import language

    if share >= 0.1 or share == 0:
        return percent(share)
    return str(format_percent(share, format="0.0%", locale=language()))
