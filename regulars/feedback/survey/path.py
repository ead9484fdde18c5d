"""The path of one respondent in one step: what is asked with these answers, and what is kept."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from regulars.feedback.survey.choices import OTHER
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.elements import Page
from regulars.feedback.survey.faults import faults_in, faults_of
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.piping import Shown
from regulars.feedback.survey.places import COMMENT, Place
from regulars.feedback.survey.problems import Invalid, Problem
from regulars.feedback.survey.question import Question, clean_comment
from regulars.feedback.survey.scopes import Scope
from regulars.feedback.survey.sitting import Sitting
from regulars.feedback.survey.walk import finish, go_on, result_of

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Screen:
    """A page as this respondent sees it: only the questions that are visible now."""

    page: Page
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """Answers in canonical form, and what is wrong with the others."""

    values: dict[str, Value] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def sitting_with(
    definition: Definition, values: Values | None = None, *, now: datetime | None = None
) -> Sitting:
    """A survey in which these answers were given; None begins it, with its defaults.

    Without a moment the clock on the wall of this installation is read.
    """
    moment = wall_clock() if now is None else now.replace(tzinfo=None)
    return Sitting(definition, now=moment, values=values)


def wall_clock() -> datetime:
    """The time on the wall where this installation stands, without a zone."""
    return datetime.fromisoformat(time.strftime("%Y-%m-%dT%H:%M:%S"))


def screens(definition: Definition, values: Values) -> list[Screen]:
    """The pages that are asked with these answers, in order, each with its visible questions."""
    return screens_of(sitting_with(definition, values))


def screens_of(sitting: Sitting) -> list[Screen]:
    """The pages that are asked in a sitting."""
    return [
        Screen(page, tuple(place.question for place in sitting.places_on(page)))
        for page in sitting.pages()
    ]


def is_visible(question: Question, values: Values) -> bool:
    """Whether a question by itself is asked with these answers."""
    return _alone(question, values).is_visible


def is_required(question: Question, values: Values) -> bool:
    """Whether a question must be answered with these answers."""
    return _alone(question, values).is_required


def _alone(question: Question, values: Values) -> Place:
    scope = Scope(values, now=wall_clock())
    return Place(question, question.name, scope, dict(values))


def cleaned(questions: Sequence[Question], values: Values) -> Checked:
    """The answers to these questions in canonical form; a problem for each that is none."""
    kept: dict[str, Value] = {}
    problems: list[Problem] = []
    for question in questions:
        try:
            kept |= _cleaned(question, values)
        except Invalid as fault:
            problems.append(Problem(fault.code, f"{question.name}{fault.place}", fault.detail))
    return Checked(kept, tuple(problems))


def check(questions: Sequence[Question], values: Values) -> Checked:
    """The answers to these questions, cleaned; a problem for each missing or wrong one."""
    checked = cleaned(questions, values)
    faulty = {root_name(problem) for problem in checked.problems}
    merged = {**values, **checked.values}
    problems = list(checked.problems)
    for question in questions:
        if question.name not in faulty:
            place = _alone(question, merged)
            if question.name not in checked.values:
                place.put(None)
            problems += [one for one in faults_of(place) if place.is_visible]
    return Checked(checked.values, tuple(problems))


def complete(definition: Definition, values: Values) -> Checked:
    """All answers of a finished survey: cleaned, without those to questions that were not asked.

    As SurveyJS does it, all that is hidden at the end is forgotten together; a survey whose
    clearInvisibleValues is "onHidden" forgets at once, and then looks at its conditions again. A
    name that no question has is a problem.
    """
    known = known_names(definition)
    problems = [Problem("unknown_question", str(name)[:60]) for name in values if name not in known]
    asked = [question for question in definition.questions() if question.takes_answers]
    checked = cleaned(asked, values)
    sitting = sitting_with(definition, checked.values)
    problems += [one for one in checked.problems if _is_asked(sitting, root_name(one))]
    faulty = {root_name(problem) for problem in checked.problems}
    problems += [one for one in _faults_on_the_way(sitting) if root_name(one) not in faulty]
    if not sitting.is_completed:
        finish(sitting)
    return Checked(result_of(sitting), tuple(problems))


def _faults_on_the_way(sitting: Sitting) -> Iterator[Problem]:
    """What is wrong on the pages that are passed, up to the end or to the first that stops."""
    for _ in range(2 * len(sitting.definition.pages)):
        if sitting.is_completed or not sitting.pages():
            return
        if go_on(sitting):
            break
    pages = sitting.pages()
    for page in pages[pages.index(sitting.page) if sitting.page in pages else 0 :]:
        yield from faults_in(sitting, page)


def root_name(problem: Problem) -> str:
    """The question that a problem is about, without rows and panels."""
    return re.split(r"[\[.]", problem.element)[0]


def _is_asked(sitting: Sitting, name: str) -> bool:
    place = sitting.find_place(name)
    return place is not None and place.is_visible


def shown_answers(
    definition: Definition, values: Values, language: str, *, sitting: Sitting | None = None
) -> Shown:
    """Each answer as people read it, by the name of its question, for piping into texts.

    The sitting, if there is one with these answers, spares making another for calculated values.
    """
    shown = {}
    for question in definition.questions():
        value = values.get(question.name)
        if not is_empty(value):
            shown[question.name] = _shown(
                question, value, values.get(question.name + COMMENT), language
            )
    return Shown(shown, lambda: (sitting or sitting_with(definition, values)).scope, language)


def _shown(question: Question, value: Value, comment: Value, language: str) -> str:
    """An answer as people read it, with their own words in the place of "other"."""
    if is_empty(comment) or question.show_comment_area:
        return question.shown(value, language)
    if not isinstance(value, list):
        return str(comment) if value == OTHER else question.shown(value, language)
    parts = [str(comment) if one == OTHER else question.shown([one], language) for one in value]
    return ", ".join(parts)


def open_text(definition: Definition, values: Values) -> str:
    """The customer's own words: the named text question, or else every open answer in order."""
    if definition.text_question:
        return str(values.get(definition.text_question) or "")
    return "\n".join(_open_answers(definition, values))


def _open_answers(definition: Definition, values: Values) -> Iterator[str]:
    for question in definition.questions():
        if question.type == "comment" and values.get(question.name):
            yield str(values[question.name])
        if values.get(question.comment_name):
            yield str(values[question.comment_name])


def known_names(definition: Definition) -> set[str]:
    """Every name under which an answer to the survey may come."""
    known = set()
    for question in definition.questions():
        known.add(question.name)
        if question.takes_comment:
            known.add(question.comment_name)
    return known | {one.name for one in definition.calculated if one.include_into_result}


def _cleaned(question: Question, values: Values) -> dict[str, Value]:
    """The answer and the comment beside it, without what is empty."""
    value = values.get(question.name)
    cleaned = None if is_empty(value) else question.clean(value)
    kept = {} if is_empty(cleaned) else {question.name: cleaned}
    comment = values.get(question.comment_name)
    if question.takes_comment and not is_empty(comment):
        kept[question.comment_name] = clean_comment(comment)
    return kept
