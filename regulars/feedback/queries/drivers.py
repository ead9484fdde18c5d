"""What the other ratings of a survey have to do with the measured one, read from its answers."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from regulars.core.access import Viewer
from regulars.feedback.models import Answer, Survey
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.rules.anonymity import LEAST_MIN, whole_enough
from regulars.feedback.rules.drivers import Drivers, key_drivers
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.texts import text_in

Scale = tuple[float, float]

GROUPED_BY = ("version_id", "is_partial", "sample", "store_id", "answered_at")

ANSWERS_MAX = 20_000
"""The newest answers that are looked at; more would not narrow the intervals to be seen."""


@dataclass(frozen=True, slots=True)
class SurveyDrivers:
    """The drivers of a survey's measure, with what each rating asks, by name."""

    measure: str
    found: Drivers
    asked: dict[str, str]


def drivers_of(
    survey: Survey, measure: str, which: SignalFilter, *, language: str, seen_by: Viewer
) -> SurveyDrivers | None:
    """The key drivers of a measure among one survey's answers; None where it does not measure it.

    Reads the answers of all versions by the names of today's questions; two statements.
    """
    definition = definition_of(latest_version(survey))
    target = next((name for name, kind in definition.measures.items() if kind == measure), "")
    if not target:
        return None
    scales = {one.name: one.scale for one in definition.questions() if one.scale is not None}
    others = [name for name in scales if name != target]
    answers = _values(survey, which, seen_by, scales)
    rated = [one for one in answers if _share(one.get(target), scales.get(target)) is not None]
    found = key_drivers(
        [_share(one.get(target), scales.get(target)) or 0.0 for one in rated],
        {name: [_share(one.get(name), scales[name]) for one in rated] for name in others},
    )
    return SurveyDrivers(measure, found, _asked(definition, others, language))


def _values(
    survey: Survey, which: SignalFilter, viewer: Viewer, scales: Mapping[str, Scale]
) -> list[dict[str, Any]]:
    """The answers; anonymous ones with all ratings only, and whole enough groups of those."""
    rows = which.answers(survey, seen_by=viewer).order_by("-answered_at")
    found = list(rows.only(*GROUPED_BY, "key", "values")[:ANSWERS_MAX])
    cut_at = found[-1].answered_at if len(found) == ANSWERS_MAX else None
    secret = [one for one in found if one.is_secret and one.answered_at != cut_at]
    is_rated = [
        all(_share(one.values.get(name), scale) is not None for name, scale in scales.items())
        for one in secret
    ]
    kept = whole_enough([_group(one) for one in secret], is_rated, least=LEAST_MIN)
    told = {one.pk for one, is_kept in zip(secret, kept, strict=True) if is_kept}
    return [one.values for one in found if one.pk in told or not one.is_secret]


def _group(answer: Answer) -> Hashable:
    """What anonymous answers have in common that came out of the box together."""
    return tuple(getattr(answer, name) for name in GROUPED_BY)


def _share(value: Any, scale: tuple[float, float] | None) -> float | None:
    """How far a rating lies up its scale; None for what is no rating."""
    if scale is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    low, high = scale
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else None


def _asked(definition: Definition, names: list[str], language: str) -> dict[str, str]:
    found = {}
    for name in names:
        question = definition.find_question(name)
        title = text_in(question.title, language) if question else ""
        found[name] = title or name
    return found
