"""Who was asked and who answered: response of each measure, in all and by group."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, TruncMonth, TruncWeek

from regulars.core.access import Viewer, seen
from regulars.feedback.models import Invitation, Sitting, SurveyVersion
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import definition_of
from regulars.feedback.rules.dispositions import aapor_counts
from regulars.feedback.rules.response import Dispositions
from regulars.feedback.rules.scores import Response

GROUPS: dict[str, Any] = {
    "store": F("store"),
    "touchpoint": F("touchpoint"),
    "channel": F("channel"),
    "month": TruncMonth("sent_at"),
    "week": TruncWeek("sent_at"),
}
COUNTED = {
    "asked": Count("pk"),
    "replied": Count("pk", filter=Q(answered_at__isnull=False)),
}
ByMeasure = dict[str, Response]


@dataclass(frozen=True, slots=True)
class _Row:
    """The invitations of one group and survey."""

    key: Any
    survey_id: int
    response: Response


def responses(which: SignalFilter, *, seen_by: Viewer) -> ByMeasure:
    """The response of each measure that invitations of these days asked for; two statements."""
    return responses_by("", which, seen_by=seen_by).get(None, {})


def responses_by(group: str, which: SignalFilter, *, seen_by: Viewer) -> dict[Any, ByMeasure]:
    """The same for each store, touchpoint, channel, week or month; two statements.

    An invitation belongs to the day it was sent on, so the answers to the latest ones may still
    come. Who answers by an open link was not asked and is not counted here.
    """
    rows = _sent(which, seen_by)
    named = rows.annotate(grouped_by=GROUPS[group]) if group else rows
    keys = ("grouped_by", "survey") if group else ("survey",)
    counted: Iterable[Any] = named.order_by().values(*keys).annotate(**COUNTED)
    found = [
        _Row(row.get("grouped_by"), row["survey"], Response(row["asked"], row["replied"]))
        for row in counted
    ]
    return _by_measure(found) if found else {}


def dispositions(which: SignalFilter, *, seen_by: Viewer) -> Dispositions:
    """How the invitations of these days ended, by the words of AAPOR; one statement.

    A sitting knows better than its letter how far somebody came.
    """
    sitting = Sitting.objects.filter(invitation=OuterRef("pk")).exclude(disposition="contacted")
    named = _sent(which, seen_by).annotate(
        name=Case(
            When(answered_at__isnull=False, then=Value("completed")),
            When(started_at__isnull=False, then=Value("started")),
            default=Value("contacted"),
        )
    )
    known = named.annotate(ended=Coalesce(Subquery(sitting.values("disposition")[:1]), F("name")))
    counted: Iterable[Any] = known.order_by().values("ended").annotate(count=Count("pk"))
    return aapor_counts({row["ended"]: row["count"] for row in counted})


def measures_by_survey() -> dict[int, frozenset[str]]:
    """What each survey measures as it is asked now; one statement."""
    versions = SurveyVersion.objects.order_by("survey", "-number").distinct("survey")
    return {
        version.survey_id: frozenset(definition_of(version).measures.values())
        for version in versions
    }


def _by_measure(rows: Iterable[_Row]) -> dict[Any, ByMeasure]:
    measured = measures_by_survey()
    sums: dict[tuple[Any, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        for measure in measured.get(row.survey_id, ()):
            sums[row.key, measure][0] += row.response.asked
            sums[row.key, measure][1] += row.response.replied
    found: dict[Any, ByMeasure] = defaultdict(dict)
    for (key, measure), (asked, replied) in sums.items():
        found[key][measure] = Response(asked, replied)
    return found


def _sent(which: SignalFilter, viewer: Viewer) -> QuerySet[Invitation]:
    exact = {
        "survey": which.survey_id,
        "touchpoint": which.touchpoint_id,
        "sent_at__gte": which.since,
        "sent_at__lt": which.before,
        "store__in": which.store_ids,
    }
    given = {name: value for name, value in exact.items() if value is not None}
    return seen(Invitation, viewer).filter(sent_at__isnull=False, withheld="", **given)
