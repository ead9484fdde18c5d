"""Comparisons of scores in words: how far apart, how sure, and that there may be nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from regulars.company.models import Agent, Store
from regulars.feedback.rules.nps import nps_compare_sample_size
from regulars.feedback.rules.scores import Score
from regulars.feedback.shown import LABELS, factor_of, readable, store_name
from regulars.insight.shown.segments import NAMES
from regulars.insight.shown.words import whole
from regulars.journey.models import Touchpoint
from regulars.journey.rules import CHANNELS
from regulars.loyalty.models import Tier
from regulars.web.charts import points, signed

Figures = Mapping[str, Any]
TONES = {"higher": "good", "lower": "bad"}
TO_SEE = 5
"""The change, in points, for which the page says how many answers it takes."""


@dataclass(frozen=True)
class Compared:
    """A difference as people read it: the figure, its bounds and chance, and a verdict in words."""

    said: str
    note: str
    verdict: str
    tone: str


def compared(found: Figures, measure: str) -> Compared:
    """One comparison in words; without evidence it says so, and without data too."""
    verdict, told = found["verdict"], found["difference"]
    words = {
        "higher": _("higher"),
        "lower": _("lower"),
        "no_evidence": _("no evidence of a difference"),
        "too_few": _("not enough data"),
    }
    if told is None:
        return Compared("", "", words[verdict], "")
    factor = factor_of(measure)
    note = _("%(low)s to %(high)s, %(p)s") % {
        "low": signed(factor * told["low"]),
        "high": signed(factor * told["high"]),
        "p": chance(found["p_adjusted"]),
    }
    return Compared(signed(factor * told["value"]), note, words[verdict], TONES.get(verdict, ""))


def chance(p_value: float) -> str:
    """A p-value as people read it.

    >>> chance(0.00001), chance(0.0432)
    ('p < 0.001', 'p = 0.043')
    """
    from babel.numbers import format_decimal

    from regulars.insight.shown.words import language

    least = format_decimal(0.001, format="0.000", locale=language())
    if p_value < 0.001:
        return f"p < {least}"
    return f"p = {format_decimal(p_value, format='0.000', locale=language())}"


def score_of(told: Figures | None, measure: str) -> Score | None:
    """A kept score in the units people read."""
    if told is None:
        return None
    known = readable(measure, Score(**told))
    low, high = (None if one is None else round(one, 1) for one in (known.low, known.high))
    return replace(known, value=round(known.value, 1), low=low, high=high)


def group_names(by: str, keys: Sequence[str]) -> dict[str, str]:
    """What people call the groups, by key; one statement at most."""
    ids = [int(key) for key in keys if key.isdigit()]
    if by == "store":
        return {str(one.pk): store_name(one) for one in Store.objects.filter(pk__in=ids)}
    if by == "touchpoint":
        places = Touchpoint.objects.filter(pk__in=ids).select_related("stage")
        return {str(one.pk): str(one) for one in places}
    if by == "agent":
        return {str(one.pk): str(one) for one in Agent.objects.filter(pk__in=ids)}
    if by == "tier":
        return {one.code: str(one.name) for one in Tier.objects.filter(code__in=keys)}
    if by == "segment":
        return {key: str(name) for key, name in NAMES.items()}
    return {key: _(CHANNELS[key]) if by == "channel" and key in CHANNELS else key for key in keys}


def no_group(by: str) -> str:
    """What answers are called that belong to no group."""
    words = {
        "store": _("No store"),
        "touchpoint": _("No touchpoint"),
        "agent": _("Not known who served"),
        "team": _("No team"),
        "tier": _("Not a member"),
        "segment": _("Unknown or never bought"),
    }
    return words.get(by, _("Unknown"))


def finding(found: Figures) -> str:
    """What the comparison of all groups says, in a sentence."""
    rests = [group["rest"] for group in found["groups"]]
    known = sum(one["difference"] is not None for one in rests)
    apart = sum(one["verdict"] in TONES for one in rests)
    if known < 2:
        return _("There are too few answers to compare groups.")
    if not apart:
        return ngettext(
            "%(known)s group compared: no evidence that it differs from the rest.",
            "%(known)s groups compared: no evidence that any differs from the rest.",
            known,
        ) % {"known": whole(known)}
    return ngettext(
        "Of %(known)s groups compared, %(apart)s differs from the rest beyond chance.",
        "Of %(known)s groups compared, %(apart)s differ from the rest beyond chance.",
        apart,
    ) % {"known": whole(known), "apart": whole(apart)}


def needed(found: Figures) -> str:
    """How many answers it takes to see a change of a few points, from how answers spread now."""
    now = found["now"]
    if found["measure"] != "nps" or now is None or now["low"] is None or now["answers"] < 5:
        return ""
    variance = _variance(now)
    if variance <= 0:
        return ""
    size = nps_compare_sample_size(difference=TO_SEE, variance=variance)
    return _(
        "With answers that spread like these, it takes %(size)s of them in each of two groups to see a difference of %(points)s points four times in five."
    ) % {"size": whole(size), "points": points(TO_SEE)}


def _variance(now: Figures) -> float:
    """The unit variance behind a score's interval, from its half width."""
    half = float(now["high"] - now["low"]) / 2
    return min(1.0, (half / 196) ** 2 * (int(now["answers"]) + 3))


def measure_choices() -> list[tuple[str, str]]:
    """The measures that can be compared, by key."""
    return [(key, str(label)) for key, label in LABELS.items()]
