"""A survey's definition: read once, checked whole, never changed afterwards.

What is not understood is refused by name, because a property that is silently ignored asks
customers another question than its author wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from regulars.core.errors import Refused
from regulars.feedback.rules.signals import SCALES
from regulars.feedback.survey.expression import (
    BadExpression,
    Expression,
    read_expression,
    root_of,
)
from regulars.feedback.survey.extension import Extension, Mode
from regulars.feedback.survey.problems import Problem, Unreadable
from regulars.feedback.survey.question import NAME, Question, questions
from regulars.feedback.survey.texts import LocalText, languages_in, names_in, text_in

QUESTIONS_MAX = 200


class _Loose(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class _PageShape(_Loose):
    name: str = Field(default="", pattern=rf"^$|{NAME}")
    title: LocalText = ""
    description: LocalText = ""
    visible_if: str = ""
    elements: list[Any] = []
    questions: list[Any] = []


class _SurveyShape(_Loose):
    title: LocalText = ""
    description: LocalText = ""
    locale: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    pages: list[Any] = []
    elements: list[Any] = []
    questions: list[Any] = []
    completed_html: LocalText = ""
    complete_text: LocalText = ""
    page_next_text: LocalText = ""
    page_prev_text: LocalText = ""
    show_progress_bar: bool | str = False
    show_question_numbers: bool | str = False
    regulars: Extension = Extension()


@dataclass(frozen=True, slots=True)
class Page:
    """Questions that are asked on one screen."""

    name: str
    title: str | dict[str, str]
    description: str | dict[str, str]
    visible_if: Expression | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A survey that can be asked: pages of questions, and what is measured by them."""

    title: str | dict[str, str]
    description: str | dict[str, str]
    language: str
    languages: tuple[str, ...]
    pages: tuple[Page, ...]
    thanks: str | dict[str, str]
    complete_text: str | dict[str, str]
    next_text: str | dict[str, str]
    back_text: str | dict[str, str]
    extension: Extension

    @property
    def measures(self) -> Mapping[str, str]:
        """What is measured, by the name of the question."""
        return self.extension.measures

    @property
    def touchpoint(self) -> str:
        """The touchpoint that the survey is about; empty if none."""
        return self.extension.touchpoint

    @property
    def text_question(self) -> str:
        """The question whose answer is the customer's own words; empty if none is named."""
        return self.extension.text

    def questions(self) -> Iterator[Question]:
        """Every question in the order of asking."""
        for page in self.pages:
            yield from page.questions

    def find_question(self, name: str) -> Question | None:
        """The question of that name, or None."""
        return next((one for one in self.questions() if one.name == name), None)

    def best_language(self, wanted: Iterable[str]) -> str:
        """The first wanted language that the survey has, or else its own."""
        for language in wanted:
            short = language.lower().split("-")[0]
            if short in self.languages:
                return short
        return self.language


def read_definition(raw: object) -> Definition:
    """The definition that JSON describes. Raises Unreadable with every problem that was found."""
    definition, problems = examine(raw)
    if problems or definition is None:
        raise Unreadable(problems)
    return definition


def examine(raw: object) -> tuple[Definition | None, list[Problem]]:
    """The definition and its problems, for an editor that shows both; None if it has no shape."""
    if not isinstance(raw, dict):
        return None, [Problem("not_an_object", "survey")]
    problems: list[Problem] = []
    shape = _shaped(_SurveyShape, raw, element="survey", problems=problems)
    if shape is None:
        return None, problems
    pages = tuple(_pages(shape, problems=problems))
    definition = _assembled(shape, pages, languages=_languages(shape.locale, raw))
    problems += _contradictions(definition)
    return definition, problems


def _shaped(
    kind: type[Any], raw: dict[str, Any], *, element: str, problems: list[Problem]
) -> Any | None:
    try:
        return kind.model_validate(raw)
    except ValidationError as fault:
        problems += _problems_of(fault, element=element)
        return None


def _problems_of(fault: ValidationError, *, element: str) -> Iterator[Problem]:
    codes = {"extra_forbidden": "unknown_property", "missing": "missing_property"}
    for error in fault.errors(include_url=False):
        code = codes.get(error["type"], "bad_property")
        path = ".".join(str(step) for step in error["loc"] if not _is_branch(step))
        yield Problem(code, element, {"property": path, "reason": error["msg"]})


def _is_branch(step: int | str) -> bool:
    """Whether a step of pydantic's path names a member of a union and no property."""
    return step in ("str", "int", "float") or str(step).startswith(("dict[", "function-"))


def _pages(shape: _SurveyShape, *, problems: list[Problem]) -> Iterator[Page]:
    loose = [*shape.elements, *shape.questions]
    raw_pages = [*shape.pages, *([{"elements": loose}] if loose else [])]
    for number, raw in enumerate(raw_pages, start=1):
        page = _page(raw, element=f"page {number}", problems=problems)
        if page is not None:
            yield page


def _page(raw: object, *, element: str, problems: list[Problem]) -> Page | None:
    if not isinstance(raw, dict):
        problems.append(Problem("not_an_object", element))
        return None
    shape = _shaped(_PageShape, raw, element=str(raw.get("name") or element), problems=problems)
    if shape is None:
        return None
    elements = [*shape.elements, *shape.questions]
    asked = [
        question
        for number, one in enumerate(elements, start=1)
        if (question := _question(one, element=f"{element}, {number}", problems=problems))
    ]
    visible_if = _expression(
        shape.visible_if, element=shape.name or element, name="visibleIf", problems=problems
    )
    return Page(shape.name or element, shape.title, shape.description, visible_if, tuple(asked))


def _question(raw: object, *, element: str, problems: list[Problem]) -> Question | None:
    if not isinstance(raw, dict):
        problems.append(Problem("not_an_object", element))
        return None
    element, kind = str(raw.get("name") or element), str(raw.get("type") or "")
    try:
        plug_in = questions.get(kind)
    except Refused:
        problems.append(Problem("unknown_type", element, {"type": kind}))
        return None
    question: Question | None = _shaped(plug_in, raw, element=element, problems=problems)
    if question is None:
        return None
    problems += [Problem(code, element, detail) for code, detail in question.flaws()]
    for name, source in (("visibleIf", question.visible_if), ("requiredIf", question.required_if)):
        _expression(source, element=element, name=name, problems=problems)
    return question


def _expression(
    source: str, *, element: str, name: str, problems: list[Problem]
) -> Expression | None:
    if not source.strip():
        return None
    try:
        return read_expression(source)
    except BadExpression as fault:
        problems.append(
            Problem("bad_expression", element, {"property": name, "reason": str(fault)})
        )
        return None


def _languages(own: str, raw: dict[str, Any]) -> tuple[str, ...]:
    first = own.split("-", maxsplit=1)[0].lower()
    others = sorted({code.split("-")[0].lower() for code in languages_in(raw)} - {first})
    return (first, *others)


def _assembled(
    shape: _SurveyShape, pages: Sequence[Page], *, languages: tuple[str, ...]
) -> Definition:
    return Definition(
        title=shape.title,
        description=shape.description,
        language=languages[0],
        languages=languages,
        pages=tuple(pages),
        thanks=shape.completed_html,
        complete_text=shape.complete_text,
        next_text=shape.page_next_text,
        back_text=shape.page_prev_text,
        extension=shape.regulars,
    )


def _contradictions(definition: Definition) -> Iterator[Problem]:
    """What is wrong between elements although each is right by itself."""
    asked = [question.name for question in definition.questions()]
    if not asked:
        yield Problem("no_questions", "survey")
    if len(asked) > QUESTIONS_MAX:
        yield Problem("too_many_questions", "survey", {"count_max": str(QUESTIONS_MAX)})
    for name in sorted({name for name in asked if asked.count(name) > 1}):
        yield Problem("name_twice", name)
    yield from _empty_pages(definition)
    yield from _unknown_names(definition, known=set(asked))
    yield from _unfit_measures(definition)
    yield from definition.extension.flaws()


def _empty_pages(definition: Definition) -> Iterator[Problem]:
    for page in definition.pages:
        if not page.questions:
            yield Problem("empty_page", page.name)


def _unknown_names(definition: Definition, *, known: set[str]) -> Iterator[Problem]:
    for element, variables in _mentions(definition):
        for name in sorted(root_of(variable) for variable in variables):
            if name not in known:
                yield Problem("unknown_name", element, {"name": name})
    for name in sorted(set(definition.extension.questions_named()) - known):
        yield Problem("unknown_name", "regulars", {"name": name})


def _mentions(definition: Definition) -> Iterator[tuple[str, set[str]]]:
    """Each element with the names that its expressions and texts mention."""
    for page in definition.pages:
        condition = set(page.visible_if.variables) if page.visible_if else set()
        yield page.name, condition | names_in(page.title) | names_in(page.description)
        for question in page.questions:
            named = names_in(question.title) | names_in(question.description)
            for source in (question.visible_if, question.required_if):
                named |= _variables(source)
            yield question.name, named
    for quota in definition.extension.quotas:
        yield "regulars", _variables(quota.condition)


def _variables(source: str) -> set[str]:
    try:
        return set(read_expression(source).variables) if source.strip() else set()
    except BadExpression:
        return set()


def _unfit_measures(definition: Definition) -> Iterator[Problem]:
    for name, measure in definition.measures.items():
        question = definition.find_question(name)
        low, high = SCALES[measure]
        detail = {"measure": measure.upper(), "low": f"{low:g}", "high": f"{high:g}"}
        if question is not None and question.scale != (low, high):
            yield Problem("unfit_measure", name, detail)


def words_for(definition: Definition, question: Question, mode: Mode) -> str | dict[str, str]:
    """How a question is put in a mode: its own words for it, or else its title."""
    texts = definition.extension.texts.get(question.name)
    return (getattr(texts, mode) if texts else "") or question.title


def title_of(definition: Definition, language: str) -> str:
    """The survey's title in a language."""
    return text_in(definition.title, language)
