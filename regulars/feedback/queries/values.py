"""Agreement with the company's values, read from the answers of a survey that asks for it."""

from collections import Counter
from dataclasses import dataclass

from regulars.core.access import Viewer
from regulars.feedback.models import Survey
from regulars.feedback.models.surveys import BALLOT_KEY
from regulars.feedback.queries.drivers import ANSWERS_MAX
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.rules.values import ValueScore, value_score
from regulars.feedback.survey.texts import text_in


@dataclass(frozen=True, slots=True)
class ValueAgreement:
    """One question about a value: what it asks, its scale, and the agreement; None with too few."""

    name: str
    value: str
    asked: str
    scale: tuple[float, float]
    score: ValueScore | None


def agreement_with_values(
    survey: Survey, which: SignalFilter, *, language: str, seen_by: Viewer
) -> list[ValueAgreement]:
    """How far people agree with each value that a survey asks about, in the order it names them.

    Answers that were set aside do not count, nor those that were promised anonymity, whose ratings
    are told in whole groups only. Two statements.
    """
    definition = definition_of(latest_version(survey))
    scales = {one.name: one.scale for one in definition.questions() if one.scale is not None}
    named = {
        name: value for name, value in definition.extension.agreements.items() if name in scales
    }
    if not named:
        return []
    counts: dict[str, Counter[float]] = {name: Counter() for name in named}
    for values in _values(survey, which, seen_by):
        for name, counted in counts.items():
            rating = values.get(name)
            if isinstance(rating, int | float) and not isinstance(rating, bool):
                low, high = scales[name]
                counted[min(high, max(low, float(rating)))] += 1
    found = []
    for name, value in named.items():
        question = definition.find_question(name)
        asked = text_in(question.title, language) if question else ""
        score = value_score(counts[name], high=scales[name][1])
        found.append(ValueAgreement(name, value, asked or name, scales[name], score))
    return found


def _values(survey: Survey, which: SignalFilter, viewer: Viewer) -> list[dict[str, object]]:
    rows = which.answers(survey, seen_by=viewer)
    open_rows = rows.exclude(key__startswith=BALLOT_KEY).order_by("-answered_at")
    return list(open_rows.values_list("values", flat=True)[:ANSWERS_MAX])
