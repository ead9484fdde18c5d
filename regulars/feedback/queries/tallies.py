"""How people answered each question of a survey: counts and shares with intervals, means, places."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from regulars.core.access import Viewer
from regulars.feedback.models import Survey
from regulars.feedback.models.surveys import BALLOT_KEY
from regulars.feedback.queries.signals import SignalFilter
from regulars.feedback.queries.surveys import definition_of, latest_version
from regulars.feedback.questions.boolean import Boolean
from regulars.feedback.questions.checkbox import as_list
from regulars.feedback.questions.matrix import Matrix
from regulars.feedback.questions.matrixdropdown import MatrixDropdown
from regulars.feedback.questions.multipletext import MultipleText
from regulars.feedback.questions.ranking import Ranking
from regulars.feedback.rules.anonymity import LEAST_MIN
from regulars.feedback.rules.means import effort_score
from regulars.feedback.rules.proportions import share_score
from regulars.feedback.rules.scores import Score
from regulars.feedback.survey.choices import Choice, Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.scalars import text_of
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import special_word

ANSWERS_MAX = 50_000
"""So many of the newest answers are read; a page that waits longer is not looked at."""

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One way to answer: how many did, and their share among those who answered, from 0 to 1.

    Of a ranking the score is the mean place.
    """

    label: str
    count: int
    score: Score | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How one question was answered: by how many, in which ways, and the mean where it is a number."""

    title: str
    answers: int
    lines: tuple[Line, ...] = ()
    mean: Score | None = None
    is_ranked: bool = False
    is_hidden: bool = False
    """Whether too few answered, or left it out, to be told where anonymity was promised."""


@dataclass(frozen=True, slots=True)
class Tallies:
    """All questions of a survey in the order of asking; whether older answers were left out."""

    answers: int
    questions: tuple[Tally, ...]
    is_cut: bool = False


def tallies_of(survey: Survey, which: SignalFilter, *, language: str, seen_by: Viewer) -> Tallies:
    """How those answered whom this viewer may see, in the days and the store of the filter."""
    rows = which.answers(survey, seen_by=seen_by)
    found = list(
        rows.order_by("-answered_at", "-pk").values_list("values", "key")[: ANSWERS_MAX + 1]
    )
    values = [one for one, _key in found[:ANSWERS_MAX]]
    definition = definition_of(latest_version(survey))
    is_secret = any(key.startswith(BALLOT_KEY) for _one, key in found)
    least = definition.anonymity.least if definition.anonymity else LEAST_MIN
    told = list(tally(definition, values, language=language))
    if is_secret:
        told = [_kept(one, len(values), least=least) for one in told]
    return Tallies(len(values), tuple(told), is_cut=len(found) > ANSWERS_MAX)


def _kept(one: Tally, everybody: int, *, least: int) -> Tally:
    rest = everybody - one.answers
    is_told = one.answers >= least and (rest == 0 or rest >= least)
    return one if is_told or not one.answers else Tally(one.title, 0, is_hidden=True)


def tally(definition: Definition, answers: Sequence[Values], *, language: str) -> Iterator[Tally]:
    """How each question that people answer was answered; what older versions offered is told too."""
    for question in definition.questions():
        if question.takes_answers:
            given = [one.get(question.name) for one in answers]
            yield from _asked(question, given, question.heading(language), language)


def _asked(
    question: Question, given: Iterable[Value], title: str, language: str
) -> Iterator[Tally]:
    """The tallies of a question, of each of its rows where it has fixed ones."""
    told = [one for one in given if not is_empty(one)]
    match question:
        case Matrix():
            for row in question.rows:
                named = f"{title}: {_said(row, language)}"
                yield _of_choices(named, _inside(told, str(row.value)), question.columns, language)
        case MatrixDropdown():
            for row in question.rows:
                named = f"{title}: {_said(row, language)}"
                yield from _each(question.columns, _inside(told, str(row.value)), named, language)
        case MultipleText():
            yield from _each(question.items, told, title, language)
        case _:
            yield _whole(question, told, title, language)


def _whole(question: Question, told: list[Value], title: str, language: str) -> Tally:
    match question:
        case Ranking():
            return _ranked(question, told, title, language)
        case Choosing():
            return _of_choices(title, told, question.offered(), language)
        case Boolean():
            return _yes_or_no(question, told, title, language)
        case _:
            return _of_figures(question, told, title)


def _each(
    questions: Sequence[Question], held: list[Value], title: str, language: str
) -> Iterator[Tally]:
    for one in questions:
        yield from _asked(
            one, _inside(held, one.name), f"{title}: {one.heading(language)}", language
        )


def _inside(held: Iterable[Value], name: str) -> list[Value]:
    return [one.get(name) for one in held if isinstance(one, dict) and not is_empty(one.get(name))]


def _of_choices(title: str, told: list[Value], offered: Sequence[Choice], language: str) -> Tally:
    """Who took which choice, in the order they are offered; choices of older versions at the end."""
    counts = Counter(taken for one in told for taken in {_plain(each) for each in as_list(one)})
    labels = {_plain(one.value): _said(one, language) for one in offered}
    known = [*labels, *sorted(counts.keys() - labels.keys())]
    lines = [_line(labels.get(one, one), counts[one], len(told)) for one in known]
    return Tally(title, len(told), tuple(lines))


def _yes_or_no(question: Boolean, told: list[Value], title: str, language: str) -> Tally:
    said = (
        text_in(question.label_true, language) or _("Yes"),
        text_in(question.label_false, language) or _("No"),
    )
    lines = [
        _line(label, sum(question.told(one) is value for one in told), len(told))
        for label, value in zip(said, (True, False), strict=True)
    ]
    return Tally(title, len(told), tuple(lines))


def _ranked(question: Ranking, told: list[Value], title: str, language: str) -> Tally:
    lines = []
    for choice in question.offered():
        places = [
            place
            for one in told
            for place, taken in enumerate(as_list(one), start=1)
            if _plain(taken) == _plain(choice.value)
        ]
        first = sum(place == 1 for place in places)
        lines.append(Line(_said(choice, language), first, effort_score(places)))
    return Tally(title, len(told), tuple(lines), is_ranked=True)


def _of_figures(question: Question, told: list[Value], title: str) -> Tally:
    """The mean of numbers, and of ratings how many gave each step; of words only how many wrote."""
    figures = [
        float(one) for one in told if isinstance(one, int | float) and not isinstance(one, bool)
    ]
    if question.scale is None:
        return Tally(title, len(told), mean=effort_score(figures))
    counts = Counter(f"{one:g}" for one in figures)
    steps = [f"{step:g}" for step in getattr(question, "steps", ())]
    known = [*steps, *sorted(counts.keys() - set(steps))]
    lines = [_line(one, counts[one], len(figures)) for one in known]
    return Tally(title, len(told), tuple(lines), mean=effort_score(figures))


def _line(label: str, count: int, answers: int) -> Line:
    return Line(label, count, share_score(count, answers))


def _plain(value: Value) -> str:
    """A choice without what makes no difference: 5 or "5", "a" or "A"."""
    return text_of(value).strip().lower()


def _said(choice: Choice, language: str) -> str:
    return text_in(choice.text, language) or special_word(choice.value, language)
