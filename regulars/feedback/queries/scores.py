"""Scores with intervals, counted in the database: in all, and by store, touchpoint or month."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, Q, QuerySet, StdDev
from django.db.models.functions import TruncMonth, TruncWeek

from regulars.core.access import Viewer
from regulars.feedback.models import Signal
from regulars.feedback.queries.response import responses, responses_by
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.rules.means import interval_from_moments
from regulars.feedback.rules.nps import NpsCounts, score_of_counts
from regulars.feedback.rules.proportions import share_score
from regulars.feedback.rules.scores import Response, Score

MEASURES = ("nps", "csat", "ces")
CSAT_TOP_MIN = 4
GROUPS: dict[str, Any] = {
    "store": F("store"),
    "touchpoint": F("touchpoint"),
    "channel": F("channel"),
    "month": TruncMonth("at"),
    "week": TruncWeek("at"),
}
COUNTED = {
    "answers": Count("pk"),
    "detractors": Count("pk", filter=Q(native_score__lte=6)),
    "promoters": Count("pk", filter=Q(native_score__gte=9)),
    "tops": Count("pk", filter=Q(native_score__gte=CSAT_TOP_MIN)),
    "mean": Avg("native_score"),
    "deviation": StdDev("native_score", sample=True),
}


@dataclass(frozen=True, slots=True)
class GroupScores:
    """The scores of one group by measure; the key is an id, a day, or None for "no store"."""

    key: Any
    scores: dict[str, Score]


def scores(which: SignalFilter, *, seen_by: Viewer) -> dict[str, Score]:
    """The score of each measure that anybody answered, with its response; three statements."""
    rows: Iterable[Any] = _scored(which, seen_by).order_by().values("measure").annotate(**COUNTED)
    return _by_measure(rows, responses(which, seen_by=seen_by))


def scores_by(group: str, which: SignalFilter, *, seen_by: Viewer) -> list[GroupScores]:
    """The scores of each store, touchpoint, channel, month or week, sorted by key.

    Each comes with its response; three statements.
    """
    counted: Iterable[Any] = (
        _scored(which, seen_by)
        .annotate(grouped_by=GROUPS[group])
        .order_by()
        .values("grouped_by", "measure")
        .annotate(**COUNTED)
    )
    found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in counted:
        found[row["grouped_by"]].append(row)
    ordered = sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0))
    told = responses_by(group, which, seen_by=seen_by) if ordered else {}
    return [GroupScores(key, _by_measure(rows, told.get(key, {}))) for key, rows in ordered]


def distribution(which: SignalFilter, measure: str, *, seen_by: Viewer) -> dict[int, int]:
    """How many answers gave each step of a measure's scale; one statement."""
    rows = _scored(which, seen_by).filter(measure=measure).order_by()
    counted: Iterable[Any] = rows.values("native_score").annotate(n=Count("pk"))
    return {int(row["native_score"]): row["n"] for row in counted}


def _scored(which: SignalFilter, viewer: Viewer) -> QuerySet[Signal]:
    return which.rows(seen_by=viewer).filter(measure__in=MEASURES)


def _by_measure(rows: Iterable[dict[str, Any]], told: Mapping[str, Response]) -> dict[str, Score]:
    found = {row["measure"]: score_of_row(row).told(told.get(row["measure"])) for row in rows}
    return {measure: found[measure] for measure in MEASURES if measure in found}


def score_of_row(row: dict[str, Any]) -> Score:
    """The score of one counted group: `measure` and the columns of COUNTED, at least one answer."""
    answers = row["answers"]
    if row["measure"] == "nps":
        passives = answers - row["detractors"] - row["promoters"]
        score = score_of_counts(NpsCounts(row["detractors"], passives, row["promoters"]))
    elif row["measure"] == "csat":
        score = share_score(row["tops"], answers)
    else:
        interval = interval_from_moments(
            row["mean"], deviation=row["deviation"] or 0.0, size=answers
        )
        score = Score(interval.mean, interval.low, interval.high, answers)
    assert score is not None, "a group has at least one answer"
    return score
