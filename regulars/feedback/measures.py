"""What surveys tell of touchpoints: the scores that the journey map and its goals use."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from regulars.feedback.models import Signal
from regulars.feedback.queries.response import responses_by
from regulars.feedback.queries.scores import COUNTED, score_of_row
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.rules.scores import Score
from regulars.journey.measures import Period, measures
from regulars.journey.rules import Number


@dataclass(frozen=True)
class _Reader:
    """Whoever looks at the map, by the stores that count."""

    store_ids: frozenset[int] | None


@dataclass(frozen=True)
class SurveyMeasure:
    """One measure of surveys: its scale as people read it, and the score of each touchpoint."""

    key: str
    label: Any
    low: float
    high: float
    unit: str = ""
    times: float = 1.0

    def numbers(
        self,
        touchpoint_ids: Sequence[int],
        period: Period,
        *,
        store_ids: Collection[int] | None,
    ) -> dict[int, Number]:
        """The score of each touchpoint that has answers in the period; three statements."""
        rows = Signal.objects.filter(
            measure=self.key,
            is_set_aside=False,
            touchpoint__in=touchpoint_ids,
            at__gte=period.from_at,
            at__lt=period.until_at,
        )
        if store_ids is not None:
            rows = rows.filter(store__in=store_ids)
        counted: Any = (
            rows.annotate(place=F("touchpoint")).values("place", "measure").annotate(**COUNTED)
        )
        which = SignalFilter(since=period.from_at, before=period.until_at)
        reader = _Reader(None if store_ids is None else frozenset(store_ids))
        scored = {row["place"]: score_of_row(row) for row in counted}
        told = responses_by("touchpoint", which, seen_by=reader) if scored else {}
        return {
            place: self._number(score.told(told.get(place, {}).get(self.key)))
            for place, score in scored.items()
        }

    def _number(self, score: Score) -> Number:
        low = self.low if score.low is None else max(self.low, score.low * self.times)
        high = self.high if score.high is None else min(self.high, score.high * self.times)
        return Number(
            score.value * self.times,
            score.answers,
            low,
            high,
            effective=score.effective,
            asked=score.asked,
            replied=score.replied,
            weighting=score.weighting,
        )


def _register(measure: SurveyMeasure) -> None:
    add: Callable[[Any], Any] = measures.add(measure.key)
    add(measure)


_register(SurveyMeasure("nps", _("Net Promoter Score"), -100, 100))
_register(SurveyMeasure("csat", _("Satisfied customers (CSAT)"), 0, 100, unit="%", times=100))
_register(SurveyMeasure("ces", _("Ease (CES)"), 1, 7))
