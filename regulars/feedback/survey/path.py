"""The path of one respondent: what is asked next, what is required, and what is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from regulars.feedback.survey.definition import Definition, Page
from regulars.feedback.survey.expression import read_expression
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.problems import Invalid, Problem
from regulars.feedback.survey.question import Question, clean_comment
from regulars.feedback.survey.texts import piped, text_in

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


def screens(definition: Definition, values: Values) -> list[Screen]:
    """The pages that are asked with these answers, in order, each with its visible questions."""
    found = []
    for page in definition.pages:
        if page.visible_if is None or page.visible_if.holds(values):
            visible = tuple(one for one in page.questions if is_visible(one, values))
            if visible:
                found.append(Screen(page, visible))
    return found


def is_visible(question: Question, values: Values) -> bool:
    """Whether a question is asked with these answers."""
    return not question.visible_if.strip() or read_expression(question.visible_if).holds(values)


def is_required(question: Question, values: Values) -> bool:
    """Whether a question must be answered with these answers."""
    if question.is_required:
        return True
    return bool(question.required_if.strip()) and read_expression(question.required_if).holds(
        values
    )


def check(questions: Sequence[Question], values: Values) -> Checked:
    """The answers to these questions, cleaned; a problem for each missing or wrong one."""
    kept: dict[str, Value] = {}
    problems: list[Problem] = []
    for question in questions:
        try:
            kept |= _cleaned(question, values)
        except Invalid as fault:
            problems.append(Problem(fault.code, question.name, fault.detail))
    faulty = {problem.element for problem in problems}
    merged = {**values, **kept}
    for question in questions:
        missing = question.name not in kept and question.name not in faulty
        if missing and is_required(question, merged):
            problems.append(Problem("required", question.name))
    return Checked(kept, tuple(problems))


def complete(definition: Definition, values: Values) -> Checked:
    """All answers of a finished survey: cleaned, without those to questions that were not asked.

    An answer to a hidden question is dropped, as SurveyJS drops it, and what it made visible is
    looked at again, so the kept answers explain the path by themselves. A name that no question
    has is a problem.
    """
    known = _known_names(definition)
    strangers = tuple(
        Problem("unknown_question", str(name)[:60]) for name in values if name not in known
    )
    current = {name: value for name, value in values.items() if name in known}
    for _ in range(len(known) + 1):
        asked = [
            question for screen in screens(definition, current) for question in screen.questions
        ]
        names = {name for question in asked for name in (question.name, question.comment_name)}
        dropped = current.keys() - names
        if not dropped:
            break
        current = {name: value for name, value in current.items() if name in names}
    checked = check(asked, current)
    return Checked(checked.values, strangers + checked.problems)


def shown_answers(definition: Definition, values: Values, language: str) -> dict[str, str]:
    """Each answer as people read it, by the name of its question, for piping into texts."""
    shown = {}
    for question in definition.questions():
        value = values.get(question.name)
        if not is_empty(value):
            comment = values.get(question.comment_name)
            shown[question.name] = str(comment) if comment else question.shown(value, language)
    return shown


def text_for(text: str | dict[str, str], shown: Mapping[str, str], *, language: str) -> str:
    """A text of the definition in a language, with answers piped in."""
    return piped(text_in(text, language), shown)


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


def _known_names(definition: Definition) -> set[str]:
    known = set()
    for question in definition.questions():
        known.add(question.name)
        if question.takes_comment:
            known.add(question.comment_name)
    return known


def _cleaned(question: Question, values: Values) -> dict[str, Value]:
    """The answer and the comment beside it, without what is empty."""
    value = values.get(question.name)
    cleaned = None if is_empty(value) else question.clean(value)
    kept = {} if is_empty(cleaned) else {question.name: cleaned}
    comment = values.get(question.comment_name)
    if question.takes_comment and kept and not is_empty(comment):
        kept[question.comment_name] = clean_comment(comment)
    return kept
