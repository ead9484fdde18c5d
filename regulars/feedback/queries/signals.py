"""Signals as people read them: verbatims, and who needs attention."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from regulars.core.access import Viewer, seen
from regulars.customers.queries import records_of
from regulars.feedback.models import Answer, Signal, Survey
from regulars.feedback.rules.signals import HAPPY_MIN, SCALES, UNHAPPY_MAX


@dataclass(frozen=True, slots=True)
class SignalFilter:
    """Which signals a report is about; None and empty mean all."""

    survey_id: int | None = None
    store_ids: frozenset[int] | None = None
    touchpoint_id: int | None = None
    measure: str = ""
    since: datetime | None = None
    before: datetime | None = None

    def rows(self, *, seen_by: Viewer) -> QuerySet[Signal]:
        """The signals that fit and that this viewer may see, unordered; none that was set aside."""
        rows = seen(Signal, seen_by).filter(is_set_aside=False)
        exact = {
            "survey": self.survey_id,
            "touchpoint": self.touchpoint_id,
            "measure": self.measure or None,
            "at__gte": self.since,
            "at__lt": self.before,
            "store__in": self.store_ids,
        }
        return rows.filter(**_told(exact))

    def answers(self, survey: Survey, *, seen_by: Viewer) -> QuerySet[Answer]:
        """The answers to a survey in the days and places of the filter, unordered; as `rows` has them."""
        rows = seen(Answer, seen_by).filter(survey=survey, set_aside_at__isnull=True)
        exact = {
            "touchpoint": self.touchpoint_id,
            "answered_at__gte": self.since,
            "answered_at__lt": self.before,
            "store__in": self.store_ids,
        }
        return rows.filter(**_told(exact))


def _told(exact: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in exact.items() if value is not None}


def unhappy_signals(*, seen_by: Viewer, limit: int = 20) -> list[Signal]:
    """The newest unhappy signals that count and nobody took care of, with customer, store and survey."""
    rows = _open_unhappy(seen_by).select_related("customer", "store", "survey", "touchpoint")
    return list(rows.order_by("-at")[:limit])


def unhappy_count(*, seen_by: Viewer) -> int:
    """How many unhappy signals nobody took care of yet."""
    return _open_unhappy(seen_by).count()


def signals_of_customer(customer_id: int, *, seen_by: Viewer, limit: int = 50) -> list[Signal]:
    """What one person told the company, newest first; the record may be any of theirs."""
    rows = (
        seen(Signal, seen_by)
        .filter(customer__in=records_of(customer_id))
        .select_related("survey", "store")
    )
    return list(rows.order_by("-at")[:limit])


def verbatims(
    which: SignalFilter, *, seen_by: Viewer, mood: str = "", state: str = "", words: str = ""
) -> QuerySet[Signal]:
    """Signals with words, newest first, narrowed by mood, by state and by a part of the text.

    The mood is good, fair or bad; the state is open (unhappy and nobody took care) or resolved.
    """
    rows = which.rows(seen_by=seen_by).exclude(text="")
    if words:
        rows = rows.filter(text__icontains=words)
    if mood in MOODS:
        rows = rows.filter(MOODS[mood])
    if state == "open":
        rows = rows.filter(is_unhappy=True, resolved_at__isnull=True)
    elif state == "resolved":
        rows = rows.filter(resolved_at__isnull=False)
    related = ("customer", "store", "served_by", "survey", "resolved_by")
    return rows.select_related(*related).order_by("-at", "-pk")


def _of_any_measure(**tests: Mapping[str, float]) -> Q:
    """Scores that pass these tests against the bounds of their measure."""
    of_each = (
        Q(measure=measure, **{f"native_score__{test}": by[measure] for test, by in tests.items()})
        for measure in SCALES
    )
    return reduce(or_, of_each)


MOODS: dict[str, Q] = {
    "bad": _of_any_measure(lte=UNHAPPY_MAX),
    "fair": _of_any_measure(gt=UNHAPPY_MAX, lt=HAPPY_MIN),
    "good": _of_any_measure(gte=HAPPY_MIN),
}
"""What `mood` tells of one score, for many in the database."""


def _open_unhappy(viewer: Viewer) -> QuerySet[Signal]:
    return seen(Signal, viewer).filter(
        is_unhappy=True, resolved_at__isnull=True, is_set_aside=False
    )
