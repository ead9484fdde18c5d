"""Feedback as people read it: scores in the units of their measure, moods, names of stores."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from regulars.company.models import Store
from regulars.feedback.models import Signal
from regulars.feedback.rules.scores import Score
from regulars.feedback.rules.signals import mood
from regulars.web.charts import signed
from regulars.web.filters import carried_query

LABELS: dict[str, Promise] = {
    "nps": gettext_lazy("Net Promoter Score"),
    "csat": gettext_lazy("Satisfied, % (CSAT)"),
    "ces": gettext_lazy("Ease, 1 to 7 (CES)"),
}
SHORT_LABELS: dict[str, str] = {"nps": "NPS", "csat": "CSAT, %", "ces": "CES"}
TONES = {"good": "good", "fair": "warn", "bad": "bad"}


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A score with its name, in the units people read: points, per cent, points of the scale."""

    measure: str
    label: str
    score: Score
    change: str = ""
    tone: str = ""


def factor_of(measure: str) -> int:
    """What makes a value of the measure readable: a share becomes per cent."""
    return 100 if measure == "csat" else 1


def readable(measure: str, score: Score) -> Score:
    """The score in the units people read."""
    factor = factor_of(measure)
    low, high = (None if one is None else factor * one for one in (score.low, score.high))
    return replace(score, value=factor * score.value, low=low, high=high)


def shown_scores(
    scores: Mapping[str, Score], before: Mapping[str, Score] | None = None
) -> list[ShownScore]:
    """Scores with their names, and how they stand to those of the time before."""
    return [
        ShownScore(
            measure,
            str(LABELS[measure]),
            readable(measure, score),
            *_change(measure, score, (before or {}).get(measure)),
        )
        for measure, score in scores.items()
    ]


def _change(measure: str, score: Score, before: Score | None) -> tuple[str, str]:
    """A sentence about the change and its tone; without clear evidence it says so."""
    if before is None or before.is_thin or score.is_thin:
        return "", ""
    now, then = readable(measure, score), readable(measure, before)
    apart = (now.low or 0) > (then.high or 0) or (now.high or 0) < (then.low or 0)
    if not apart:
        return _("no clear change from the time before"), ""
    apart_by = now.value - then.value
    said = _("%(change)s against the time before") % {"change": signed(apart_by)}
    return said, "up" if apart_by > 0 else "down"


def signal_tone(signal: Signal) -> str:
    """The tone of a signal's score, or nothing where there is none."""
    if signal.native_score is None or signal.measure not in LABELS:
        return ""
    return TONES[mood(signal.measure, signal.native_score)]


def signal_label(signal: Signal) -> str:
    """A signal's score in a few letters, such as `NPS 3`."""
    if signal.native_score is None:
        return ""
    name = {"nps": "NPS", "csat": "CSAT", "ces": "CES"}.get(signal.measure, signal.measure)
    return f"{name} {signal.native_score:g}"


def store_name(store: Store | None) -> str:
    """A store's name in the reader's language; empty without a store."""
    if store is None:
        return ""
    russian = (get_language() or "").startswith("ru") and store.name_ru
    return store.name_ru if russian else store.name


VIEWS: list[tuple[str, Promise, str, str]] = [
    ("surveys", gettext_lazy("Surveys"), "feedback.surveys", ""),
    ("results", gettext_lazy("Results"), "feedback.results", ""),
    ("words", gettext_lazy("What customers say"), "feedback.words", ""),
    ("drivers", gettext_lazy("Key drivers"), "feedback.key_drivers", ""),
    ("themes", gettext_lazy("Themes"), "feedback.themes", ""),
    ("follow_ups", gettext_lazy("Follow-ups"), "feedback.follow_ups", ""),
    ("plans", gettext_lazy("Who is asked"), "feedback.plans", ""),
    ("calls", gettext_lazy("Calls"), "feedback.calls", ""),
]


def add_view(key: str, label: Promise, name: str, *, needs: str = "") -> None:
    """A further view of listening, by the name of its page; domains above add theirs."""
    VIEWS.append((key, label, name, needs))


def tabs(current: str, request: HttpRequest) -> list[dict[str, Any]]:
    """The views of listening, with the store and period carried along."""
    carried = carried_query(request)
    return [
        {"label": label, "url": reverse(name) + carried, "current": key == current}
        for key, label, name, needs in VIEWS
        if not needs or request.user.has_perm(needs)
    ]
