"""The metric `score_comparison`: groups against each other, and against the time before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.comparing import (
    Difference,
    Sample,
    benjamini_hochberg,
    difference,
    verdict,
)
from regulars.feedback.rules.scores import Score
from regulars.insight.metrics import (
    Metric,
    Rows,
    Tables,
    between,
    by_person,
    metrics,
    of_stores,
    tiers_by_person,
)
from regulars.insight.rules.scope import Scope

By = Literal["store", "touchpoint", "channel", "tier", "segment"]
COLUMNS = {"store": "store_id", "touchpoint": "touchpoint_id", "channel": "channel"}
ANSWERS_MIN = 5
"""With fewer answers a group says nothing by itself."""


@metrics.add("score_comparison")
class ScoreComparison(Metric):
    """Scores of stores, touchpoints, channels, tiers or segments: what differs beyond chance."""

    title: ClassVar[Any] = _("Scores compared")
    facts: ClassVar[tuple[str, ...]] = ("signals", "persons", "standings", "rfm")

    measure: Literal["nps", "csat", "ces"] = "nps"
    by: By = "store"

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        signals = of_stores(between(lake["signals"], scope.before.from_on, scope.to_on), scope)
        rated = signals.filter(signals.measure == self.measure, signals.native_score.notnull())
        keyed = keyed_by(rated, lake, self.by)
        return (
            keyed.group_by("key", is_now=keyed.day >= scope.from_on, score=keyed.native_score)
            .agg(answers=keyed.count(), samples=keyed["sample"].cast("int64").sum())
            .order_by("key", "is_now", "score")
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        samples = {when: _samples(rows, self.measure, is_now=when) for when in (True, False)}
        whole = {when: _together(found.values(), self.measure) for when, found in samples.items()}
        keys = sorted(samples[True].keys() | samples[False].keys())
        nobody = Sample(self.measure, {})
        now = {key: samples[True].get(key, nobody) for key in keys}
        before = {key: samples[False].get(key, nobody) for key in keys}
        changes = _all_of({key: _Pair(now[key], before[key]) for key in keys})
        rests = _all_of({key: _Pair(now[key], whole[True].without(now[key])) for key in keys})
        return {
            "measure": self.measure,
            "by": self.by,
            "now": _told(whole[True].score()),
            "before": _told(whole[False].score()),
            "change": _all_of({"": _Pair(whole[True], whole[False])})[""],
            "groups": [
                {
                    "key": key,
                    "now": _told(now[key].score()),
                    "before": _told(before[key].score()),
                    "change": changes[key],
                    "rest": rests[key],
                }
                for key in keys
            ],
            "samples": sum(row["samples"] for row in rows if row["is_now"]),
        }


def keyed_by(signals: Any, lake: Tables, by: str) -> Any:
    """Signals with the group each belongs to as `key`, a text; empty where it has none."""
    if by in COLUMNS:
        return signals.mutate(key=signals[COLUMNS[by]].cast("string").coalesce(""))
    persons = by_person(signals, lake)
    if by == "tier":
        groups = tiers_by_person(lake).rename(key="tier")
    else:
        scored = lake["rfm"]
        groups = scored.select(member=scored.id, key=scored.rfm_segment)
    joined = persons.left_join(groups, persons.customer_id == groups.member)
    return joined.mutate(key=joined.key.coalesce(""))


@dataclass(frozen=True)
class _Pair:
    """Two samples to be compared."""

    a: Sample
    b: Sample

    @property
    def least(self) -> float:
        return min(self.a.size, self.b.size)

    @property
    def difference(self) -> Difference | None:
        return difference(self.a, self.b) if self.least >= ANSWERS_MIN else None


def _samples(rows: Rows, measure: str, *, is_now: bool) -> dict[str, Sample]:
    counts: dict[str, dict[float, float]] = defaultdict(dict)
    for row in rows:
        if row["is_now"] == is_now:
            counts[row["key"]][row["score"]] = row["answers"]
    return {key: Sample(measure, given) for key, given in counts.items()}


def _together(samples: Iterable[Sample], measure: str) -> Sample:
    counts: dict[float, float] = defaultdict(float)
    for sample in samples:
        for score, count in sample.counts.items():
            counts[score] += count
    return Sample(measure, dict(counts))


def _all_of(pairs: Mapping[str, _Pair]) -> dict[str, dict[str, Any]]:
    """Every comparison with its p-value adjusted for all that could be made."""
    found = {key: pair.difference for key, pair in pairs.items()}
    known = {key: one for key, one in found.items() if one is not None}
    adjusted = dict(
        zip(known, benjamini_hochberg([one.p_value for one in known.values()]), strict=True)
    )
    return {
        key: {
            "difference": asdict(known[key]) if key in known else None,
            "p_adjusted": adjusted.get(key),
            "verdict": verdict(
                found[key],
                p_value=adjusted.get(key, 1.0),
                least=pair.least,
                size_min=ANSWERS_MIN,
            ),
            "compared": len(known),
        }
        for key, pair in pairs.items()
    }


def _told(score: Score | None) -> dict[str, Any] | None:
    return asdict(score.told(None)) if score else None
