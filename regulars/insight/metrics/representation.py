"""The metric `representation`: a score as answered, as all customers would answer, and who was silent."""

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext_lazy as _
from typing_extensions import override

from regulars.feedback.rules.comparing import Sample
from regulars.feedback.rules.representing import ANSWERS_MIN, Cell, corrected, silent
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

ATTRIBUTES = ("age", "gender", "tier", "purchases", "recency")
"""What customers are told apart by, in the order of the levels of a cell."""

FRAME_DAYS = 365
"""Who bought within so many days up to the last one is a customer for whom the score should stand."""


@metrics.add("representation")
class Representation(Metric):
    """Whether those who answered stand for all customers; corrected scores beside the raw one."""

    title: ClassVar[Any] = _("Corrected scores")
    facts: ClassVar[tuple[str, ...]] = (
        "signals",
        "purchases",
        "persons",
        "profiles",
        "standings",
    )

    measure: Literal["nps", "csat", "ces"] = "nps"

    @override
    def expression(self, lake: Tables, scope: Scope) -> Any:
        answers = _answers(lake, scope, self.measure)
        frame = _frame(lake, scope)
        said = answers.group_by(answerer=answers.customer_id).agg(given=answers.answers.sum())
        asked = frame.left_join(said, frame.customer_id == said.answerer)
        people = asked.group_by(*ATTRIBUTES).agg(
            people=asked.count(), responders=asked.given.notnull().cast("int64").sum()
        )
        known = answers.inner_join(frame, answers.customer_id == frame.customer_id)
        given = known.group_by(*ATTRIBUTES, "score").agg(answers=known.answers.sum())
        return (
            _padded(people, "score", "answers")
            .union(_padded(given, "people", "responders"))
            .union(_everybody(lake, scope, self.measure))
            .order_by(*COLUMNS)
        )

    @override
    def result(self, rows: Rows, scope: Scope) -> dict[str, Any]:
        cells, everybody = _cells(rows), _all_answers(rows, self.measure)
        found, by = corrected(cells, self.measure), ", ".join(ATTRIBUTES)
        score = everybody.score()
        return {
            "measure": self.measure,
            "raw": _told(score, "unweighted"),
            "known": _told(found.raw, "unweighted"),
            "raking": _told(found.raking, f"raking:{by}"),
            "propensity": _told(found.propensity, f"propensity:{by}"),
            "band": found.band,
            "unreached": found.unreached,
            "customers": sum(cell.people for cell in cells),
            "responders": sum(cell.responders for cell in cells),
            "answers_min": ANSWERS_MIN,
            "silent": [
                {**asdict(row), "attribute": ATTRIBUTES[row.attribute]} for row in silent(cells)
            ],
        }


COLUMNS = (*ATTRIBUTES, "score", "people", "responders", "answers")
ALL = "*"


def _rated(lake: Tables, scope: Scope, measure: str) -> Any:
    signals = of_stores(between(lake["signals"], scope.from_on, scope.to_on), scope)
    return signals.filter(signals.measure == measure, signals.native_score.notnull())


def _answers(lake: Tables, scope: Scope, measure: str) -> Any:
    """How often each known person gave each score."""
    rated = by_person(_rated(lake, scope, measure), lake)
    known = rated.filter(rated.customer_id.notnull())
    return known.group_by("customer_id", score=known.native_score).agg(answers=known.count())


def _everybody(lake: Tables, scope: Scope, measure: str) -> Any:
    """How many gave each score, known or not, with every attribute marked as all."""
    import ibis  # slow to import

    rated = _rated(lake, scope, measure)
    counted = rated.group_by(score=rated.native_score).agg(answers=rated.count())
    marked = counted.mutate(**{name: ibis.literal(ALL) for name in ATTRIBUTES})
    return _padded(marked, "people", "responders")


def _padded(table: Any, *missing: str) -> Any:
    """The table with all columns, noughts in those that it has not."""
    import ibis  # slow to import

    noughts = {name: ibis.literal(0, "int64") for name in missing}
    kinds = {name: "float64" if name == "score" else "int64" for name in COLUMNS[-4:]}
    return table.mutate(**noughts).select(
        *ATTRIBUTES, **{name: ibis._[name].cast(kind) for name, kind in kinds.items()}
    )


def _frame(lake: Tables, scope: Scope) -> Any:
    """Everybody who bought within a year up to the last day, with the level of each attribute."""
    first = scope.to_on - timedelta(days=FRAME_DAYS - 1)
    sold = by_person(of_stores(between(lake["purchases"], first, scope.to_on), scope), lake)
    buyers = sold.filter(sold.customer_id.notnull())
    people = buyers.group_by("customer_id").agg(bought=buyers.count(), last_on=buyers.day.max())
    tiers = tiers_by_person(lake)
    profiles = lake["profiles"].select("id", "gender", "birth_year")
    joined = people.left_join(profiles, people.customer_id == profiles.id).left_join(
        tiers, people.customer_id == tiers.member
    )
    return joined.select("customer_id", **_levels(joined, scope))


def _levels(people: Any, scope: Scope) -> dict[str, Any]:
    import ibis  # slow to import

    days = ibis.literal(scope.to_on).delta(people.last_on, unit="day")
    return {
        "age": age_level(people.birth_year, scope),
        "gender": people.gender.nullif("").coalesce("unknown"),
        "tier": people.tier.coalesce("none"),
        "purchases": ibis.cases(
            (people.bought == 1, "1"),
            (people.bought < 5, "2_4"),
            (people.bought < 13, "5_12"),
            else_="13_up",
        ),
        "recency": ibis.cases((days <= 30, "30"), (days <= 90, "90"), else_="365"),
    }


def age_level(birth_year: Any, scope: Scope) -> Any:
    """The age that people reach in the year of the last day, as a level."""
    import ibis  # slow to import

    age = ibis.literal(scope.to_on.year) - birth_year
    return ibis.cases(
        (birth_year.isnull(), "unknown"),
        (age < 25, "under_25"),
        (age < 40, "25_39"),
        (age < 60, "40_59"),
        else_="60_up",
    )


def _cells(rows: Rows) -> list[Cell]:
    people: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    counts: dict[tuple[str, ...], dict[float, float]] = defaultdict(dict)
    for row in rows:
        levels = tuple(row[name] for name in ATTRIBUTES)
        if levels[0] == ALL:
            continue
        people[levels][0] += row["people"]
        people[levels][1] += row["responders"]
        if row["answers"]:
            counts[levels][row["score"]] = row["answers"]
    return [
        Cell(levels, asked, replied, counts[levels])
        for levels, (asked, replied) in sorted(people.items())
    ]


def _all_answers(rows: Rows, measure: str) -> Sample:
    counts = {row["score"]: float(row["answers"]) for row in rows if row[ATTRIBUTES[0]] == ALL}
    return Sample(measure, counts)


def _told(score: Score | None, weighting: str) -> dict[str, Any] | None:
    return asdict(score.told(None, weighting=weighting)) if score else None
