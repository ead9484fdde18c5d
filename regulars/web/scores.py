"""A score in words: the one sentence that stands beside a score wherever it is shown."""

from typing import Any

from babel.numbers import format_decimal, format_percent
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from regulars.web.charts import points


def score_parts(score: Any) -> list[str]:
    """Interval, n, response and weighting of a score, each as a few words.

    The score has `value`, `low`, `high` and `answers`; where it comes from a survey also `asked`,
    `replied`, `effective` and `weighting`. Says of a survey's score that its response is not known,
    rather than nothing.
    """
    parts = [_interval(score), count_words(score)]
    if getattr(score, "weighting", ""):
        parts += [_response(score), str(weighting_words(score.weighting))]
    return [part for part in parts if part]


def score_note(score: Any) -> str:
    """The same as one line."""
    return " · ".join(score_parts(score))


def weighting_words(weighting: str) -> str:
    """How answers were weighted, in words; the names of what they were weighted by come along.

    >>> weighting_words("unweighted")
    'unweighted'
    """
    kind, _colon, by = weighting.partition(":")
    words = {
        "unweighted": _("unweighted"),
        "raking": _("weighted to the customer file (raking)"),
        "propensity": _("weighted by response propensity"),
    }
    return words.get(kind, kind) + (f": {by}" if by else "")


def count_words(score: Any) -> str:
    """How many answers a score has, and how many they are worth where weighting costs some."""
    words = {"count": _whole(score.answers)}
    effective = getattr(score, "effective", None)
    if effective is not None and effective < score.answers - 0.5:
        words["effective"] = _whole(effective)
        return _("n = %(count)s, worth %(effective)s") % words
    return _("n = %(count)s") % words


def _interval(score: Any) -> str:
    if score.low is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": points(score.low), "high": points(score.high)}


def _response(score: Any) -> str:
    if not score.asked:
        return _("response unknown")
    rate = min(1.0, (score.replied or 0) / score.asked)
    words = {"rate": _percent(rate), "asked": _whole(score.asked)}
    return _("response %(rate)s of %(asked)s asked") % words


def _language() -> str:
    return (get_language() or "en").split("-")[0]


def _whole(value: float) -> str:
    return str(format_decimal(round(value), locale=_language()))


def _percent(share: float) -> str:
    pattern = "0.#%" if 0 < share < 0.1 else None
    return str(format_percent(share, format=pattern, locale=_language()))
