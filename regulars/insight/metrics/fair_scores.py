"""The metric `fair_scores`: groups compared as if all had the same customers.

Stores, touchpoints, channels, those who served, or their teams.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.fairness import ANSWERS_MIN, FairGroup, MixCell, fair_comparison
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
from regulars.insight.metrics.representation import age_level
from regulars.insight.rules.scope import Scope

FairBy = Literal["store", "touchpoint", "channel", "agent", "team"]
OF_PEOPLE = frozenset({"agent", "team"})
"""What compares employees: only for those who may see which employee served."""

KEYS = {
    "store": "store_id",
    "touchpoint": "touchpoint_id",
    "channel": "channel",
    "agent": "agent_id",
    "team": "team",
}
"""The column that tells groups apart."""

MIX = ("age", "gender", "tier", "bought", "channel", "touchpoint")
"""What scores are adjusted for; what groups are told apart by is left out."""

BEFORE_DAYS = 365
"""Purchases within so many days before the period tell how loyal a customer was when it began."""


@metrics.add("fair_scores")
class FairScores(Metric):
    """Quality with fairness: scores adjusted for the mix of customers, and held against chance."""

    title: ClassVar[Any] = _("Fair comparison")
    revision: ClassVar[int] = 3
    facts: ClassVar[tuple[str, ...]] = (
        "signals",
        "purchases",
        "persons",
        "profiles",
        "standings",
        "agents",
    )

    measure: Literal["nps", "csat", "ces"] = "nps"
    by: FairBy = "store"

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        answers = _answers(lake, scope, self.measure, self.by)
        counted = answers.group_by("key", *MIX, "score").agg(
            answers=answers.count(), people=answers.is_first.sum()
        )
        return counted.order_by("key", *MIX, "score")

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        mix = tuple(name for name in MIX if name != self.by)
        people: dict[str, float] = defaultdict(float)
        for row in rows:
            people[row["key"]] += row["people"]
        found = fair_comparison(_cells(rows, mix), people, self.measure)
        return {
            "measure": self.measure,
            "by": self.by,
            "mix": mix,
            "overall": found.overall,
            "deviation": found.deviation,
            "p_value": found.p_value,
            "is_apart": found.is_apart,
            "beyond_chance": found.beyond_chance,
            "between": found.between,
            "explained": found.explained,
            "answers_min": ANSWERS_MIN,
            "groups": [_told(one) for one in found.groups],
        }


def _answers(lake: Tables, scope: Scope, measure: str, by: str) -> Any:
    """Scores with their group, what is known of who gave them, and which is a person's first there.

    An answer of a stranger is a person of its own.
    """
    import ibis  # slow to import

    signals = of_stores(between(lake["signals"], scope.from_on, scope.to_on), scope)
    rated = by_person(
        signals.filter(signals.measure == measure, signals.native_score.notnull()), lake
    )
    profiles = lake["profiles"].select("birth_year", "gender", known_id="id")
    known = rated.left_join(profiles, rated.customer_id == profiles.known_id)
    members, bought = tiers_by_person(lake), _bought(lake, scope)
    placed = known.left_join(members, known.customer_id == members.member)
    agents = lake["agents"].select("team", agent_id="id")
    served = placed.left_join(agents, placed.served_by_id == agents.agent_id)
    whole = served.left_join(bought, served.customer_id == bought.buyer)
    key = whole[KEYS[by]].cast("string").coalesce("")
    of_person = ibis.window(group_by=[key, whole.customer_id], order_by=whole.id)
    is_first = whole.customer_id.isnull() | (ibis.row_number().over(of_person) == 0)
    return whole.select(
        "channel",
        key=key,
        score=whole.native_score,
        is_first=is_first.cast("int64"),
        age=age_level(whole.birth_year, scope),
        gender=whole.gender.nullif("").coalesce("unknown"),
        tier=whole.tier.coalesce("none"),
        bought=_bought_level(whole),
        touchpoint=whole.touchpoint_id.cast("string").coalesce(""),
    )


def _bought(lake: Tables, scope: Scope) -> Any:
    """How often each person bought, wherever, in the year before the period."""
    last = scope.from_on - timedelta(days=1)
    sold = by_person(between(lake["purchases"], last - timedelta(days=BEFORE_DAYS - 1), last), lake)
    buyers = sold.filter(sold.customer_id.notnull())
    return buyers.group_by(buyer=buyers.customer_id).agg(times=buyers.count())


def _bought_level(people: Any) -> Any:
    import ibis  # slow to import

    return ibis.cases(
        (people.customer_id.isnull(), "unknown"),
        (people.times.isnull(), "0"),
        (people.times < 5, "1_4"),
        (people.times < 13, "5_12"),
        else_="13_up",
    )


def _cells(rows: Rows, mix: tuple[str, ...]) -> list[MixCell]:
    counts: dict[tuple[str, tuple[str, ...]], dict[float, float]] = defaultdict(
        lambda: defaultdict(float)
    )
    for row in rows:
        counts[row["key"], tuple(row[name] for name in mix)][row["score"]] += row["answers"]
    return [MixCell(key, levels, given) for (key, levels), given in counts.items()]


def _told(group: FairGroup) -> Mapping[str, Any]:
    return {**asdict(group), "raw": asdict(group.raw.told(None))}
