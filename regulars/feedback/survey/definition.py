"""A survey's definition: read once, checked whole, never changed afterwards.

What is not understood is refused by name, because a property that is silently ignored asks
customers another question than its author wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError

from regulars.core.errors import Refused
from regulars.core.texts import storable
from regulars.feedback.rules.signals import SCALES
from regulars.feedback.survey.carrying import join_choices
from regulars.feedback.survey.elements import Group, Grouping, Page, Panel, Shape
from regulars.feedback.survey.expression import BadExpression, read_expression, root_of
from regulars.feedback.survey.extension import Anonymity, Extension, Mode
from regulars.feedback.survey.problems import Problem, Unreadable
from regulars.feedback.survey.question import Question, questions
from regulars.feedback.survey.texts import LocalText, languages_in, names_in, text_in
from regulars.feedback.survey.triggers import Calculated, Trigger

QUESTIONS_MAX = 200
PANEL_DEPTH_MAX = 5
ClearWhen = Literal["none", "onComplete", "onHidden", "onHiddenContainer"]
CONTEXT_WORDS = frozenset(
    ("panel", "row", "item", "choice", "prevpanel", "nextpanel", "parentpanel", "prevrow",
     "nextrow", "panelindex", "visiblepanelindex", "rowindex", "visiblerowindex", "rowname",
     "rowvalue", "rowtitle", "matrix", "self")
)  # fmt: skip
"""Names that mean the row or panel that an expression stands in."""


class _PageShape(Grouping):
    elements: list[Any] = []
    questions: list[Any] = []


class _PanelShape(_PageShape):
    type: Literal["panel"]


class _SurveyShape(Shape):
    title: LocalText = ""
    description: LocalText = ""
    locale: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    pages: list[Any] = []
    elements: list[Any] = []
    questions: list[Any] = []
    triggers: tuple[Trigger, ...] = ()
    calculated_values: tuple[Calculated, ...] = ()
    clear_invisible_values: ClearWhen = "onComplete"
    completed_html: LocalText = ""
    complete_text: LocalText = ""
    page_next_text: LocalText = ""
    page_prev_text: LocalText = ""
    show_progress_bar: bool | str = False
    show_question_numbers: bool | str = False
    regulars: Extension = Extension()


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
    triggers: tuple[Trigger, ...] = ()
    calculated: tuple[Calculated, ...] = ()
    clear_invisible_values: ClearWhen = "onComplete"

    @property
    def measures(self) -> Mapping[str, str]:
        """What is measured, by the name of the question."""
        return self.extension.measures

    @property
    def anonymity(self) -> Anonymity | None:
        """What is promised to those who answer about who may see it; None for nothing."""
        return self.extension.anonymity

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

    def page_of(self, name: str) -> Page | None:
        """The page on which the question of that name stands, or None."""
        asked = (page for page in self.pages if any(one.name == name for one in page.questions))
        return next(asked, None)

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
    try:
        storable(raw)
    except ValueError:
        return None, [Problem("not_storable", "survey")]
    problems: list[Problem] = []
    shape = _shaped(_SurveyShape, raw, element="survey", problems=problems)
    if shape is None:
        return None, problems
    _check_expressions(_of_the_survey(shape), element="survey", problems=problems)
    pages = tuple(_pages(shape, problems=problems))
    definition = _assembled(shape, pages, languages=_languages(shape.locale, raw))
    problems += join_choices(list(definition.questions()))
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
        element = f"page {number}"
        if not isinstance(raw, dict):
            problems.append(Problem("not_an_object", element))
            continue
        named = str(raw.get("name") or element)
        page = _shaped(_PageShape, raw, element=named, problems=problems)
        if page is not None:
            elements = _elements(page, element=page.name or element, problems=problems)
            yield Page(page.name or element, page, tuple(elements))


def _elements(
    shape: _PageShape, *, element: str, problems: list[Problem], depth: int = 1
) -> Iterator[Group | Question]:
    _check_expressions(shape.expressions(), element=element, problems=problems)
    for number, raw in enumerate([*shape.elements, *shape.questions], start=1):
        place = f"{element}, {number}"
        if isinstance(raw, dict) and raw.get("type") == "panel":
            panel = _panel(raw, element=place, problems=problems, depth=depth)
            if panel is not None:
                yield panel
        elif question := _question(raw, element=place, problems=problems):
            yield question


def _panel(
    raw: dict[str, Any], *, element: str, problems: list[Problem], depth: int
) -> Panel | None:
    element = str(raw.get("name") or element)
    if depth > PANEL_DEPTH_MAX:
        problems.append(Problem("too_deep", element, {"depth_max": str(PANEL_DEPTH_MAX)}))
        return None
    shape = _shaped(_PanelShape, raw, element=element, problems=problems)
    if shape is None:
        return None
    inside = _elements(shape, element=element, problems=problems, depth=depth + 1)
    return Panel(element, shape, tuple(inside))


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
    for one in (question, *question.inner()):
        name = element if one is question else f"{element}.{one.name}"
        flaws = [*one.flaws(), *one.flaws_of_validators()]
        problems += [Problem(code, name, detail) for code, detail in flaws]
        _check_expressions(one.expressions(), element=name, problems=problems)
    return question


def _of_the_survey(shape: _SurveyShape) -> Iterator[tuple[str, str]]:
    """The expressions that belong to no page and no question, by where they stand."""
    held = {"calculatedValues": shape.calculated_values, "triggers": shape.triggers}
    for key, parts in held.items():
        for index, part in enumerate(parts):
            for name, source in part.expressions():
                yield f"{key}.{index}.{name}", source


def _check_expressions(
    sources: Iterable[tuple[str, str]], *, element: str, problems: list[Problem]
) -> None:
    for name, source in sources:
        if not source.strip():
            continue
        try:
            read_expression(source)
        except BadExpression as fault:
            detail = {"property": name, "reason": str(fault)}
            problems.append(Problem("bad_expression", element, detail))


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
        triggers=shape.triggers,
        calculated=shape.calculated_values,
        clear_invisible_values=shape.clear_invisible_values,
    )


def _contradictions(definition: Definition) -> Iterator[Problem]:
    """What is wrong between elements although each is right by itself."""
    asked = [question.name for question in definition.questions()]
    if not any(question.takes_answers for question in definition.questions()):
        yield Problem("no_questions", "survey")
    if len(asked) > QUESTIONS_MAX:
        yield Problem("too_many_questions", "survey", {"count_max": str(QUESTIONS_MAX)})
    for name in sorted({name for name in asked if asked.count(name) > 1}):
        yield Problem("name_twice", name)
    yield from _empty_pages(definition)
    inside = {one.name for question in definition.questions() for one in question.inner()}
    yield from _unknown_names(definition, known=set(asked), inside=inside)
    yield from _unfit_measures(definition)
    yield from definition.extension.flaws()
    for question in definition.questions():
        if question.stands_alone and definition.anonymity:
            yield Problem("not_anonymous", question.name, {"property": question.type})


def _empty_pages(definition: Definition) -> Iterator[Problem]:
    for page in definition.pages:
        if not page.questions:
            yield Problem("empty_page", page.name)


def _unknown_names(
    definition: Definition, *, known: set[str], inside: set[str]
) -> Iterator[Problem]:
    variables = {calculated.name for calculated in definition.calculated} | inside
    for element, names in _mentions(definition):
        for name in sorted(root_of(one) for one in names):
            if name not in known and name not in variables:
                yield Problem("unknown_name", element, {"name": name})
    for trigger in definition.triggers:
        for name in trigger.targets():
            if root_of(name) not in known:
                yield Problem("unknown_name", "triggers", {"name": name})
    for name in sorted(set(definition.extension.questions_named()) - known):
        yield Problem("unknown_name", "regulars", {"name": name})


def _mentions(definition: Definition) -> Iterator[tuple[str, set[str]]]:
    """Each element with the names that its expressions and texts mention."""
    for page in definition.pages:
        for group in (page, *page.panels()):
            named = names_in(group.title) | names_in(group.description)
            yield group.name, named | _variables(group.about.expressions())
        for question in page.questions:
            yield question.name, _named_in(question)
    for one in (*definition.triggers, *definition.extension.quotas):
        yield "survey", _variables(one.expressions())
    for calculated in definition.calculated:
        yield calculated.name, _variables(calculated.expressions())


def _named_in(question: Question) -> set[str]:
    """The names that a question mentions, without those of the row or panel it stands in."""
    named = names_in(question.title) | names_in(question.description)
    named |= _variables(question.expressions())
    for one in question.inner():
        named |= names_in(one.title) | _variables(one.expressions())
    return {name for name in named if root_of(name).lower() not in CONTEXT_WORDS}


def _variables(sources: Iterable[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    for _, source in sources:
        try:
            found |= set(read_expression(source).variables) if source.strip() else set()
        except BadExpression:
            continue
    return found


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
