"""One screen of a survey, as its templates draw it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.path import (
    Screen,
    check,
    complete,
    is_required,
    screens,
    shown_answers,
    text_for,
)
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.texts import text_in
from regulars.feedback.wording import sentence_for

Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as one respondent sees it."""

    template: str
    field: str
    id: str
    title: str
    about: str
    is_required: bool
    problem: str
    described_by: str
    takes_comment: bool
    comment_field: str
    comment: str
    parts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a respondent stands: the screen to show now, or None when all is answered."""

    values: Values
    screen: Screen | None
    problems: tuple[Problem, ...] = ()
    complete_values: Values | None = None


def values_in(definition: Definition, form: QueryDict) -> Values:
    """Everything that a posted form says, of this screen and of those before."""
    fields = dict(form.lists())
    values: Values = {}
    for question in definition.questions():
        value = question.from_form(fields)
        if not is_empty(value):
            values[question.name] = value
        if question.takes_comment and form.get(question.comment_field, "").strip():
            values[question.comment_name] = form[question.comment_field]
    return values


def preselected(definition: Definition, rating: str) -> Values:
    """The rating that a link in a letter carries, as the answer to the first rating question."""
    first = next((one for one in definition.questions() if one.scale), None)
    values: Values = {first.name: rating} if first and rating else {}
    if first is None or check([first], values).problems:
        return {}
    return values


def first_turn(definition: Definition, values: Values) -> Turn:
    """The first screen, with what the link preselected."""
    asked = screens(definition, values)
    return Turn(values, asked[0] if asked else None)


def resumed_turn(definition: Definition, values: Values, position: str) -> Turn:
    """The page of that name again, with what was answered so far."""
    asked = screens(definition, values)
    return Turn(values, asked[_index_of(asked, position)] if asked else None)


def next_turn(definition: Definition, form: QueryDict) -> Turn:
    """What follows a posted screen: the same again, the one before, the next one, or the end.

    The same comes again with problems, in another language, or when an answer on it made a
    question of the same page visible.
    """
    values = values_in(definition, form)
    asked = screens(definition, values)
    index = _index_of(asked, form.get("page", ""))
    if not asked or "lang" in form:
        return Turn(values, asked[index] if asked else None)
    if form.get("go") == "back":
        return Turn(values, asked[max(0, index - 1)])
    screen, shown = asked[index], form.getlist("shown")
    problems = check([one for one in screen.questions if one.name in shown], values).problems
    if problems or any(one.name not in shown for one in screen.questions):
        return Turn(values, screen, problems)
    if index + 1 < len(asked):
        return Turn(values, asked[index + 1])
    return _last_turn(definition, values, asked)


def _last_turn(definition: Definition, values: Values, asked: list[Screen]) -> Turn:
    """The end, or the first screen that still has a problem."""
    checked = complete(definition, values)
    if not checked.problems:
        return Turn(values, None, complete_values=checked.values)
    faulty = {problem.element for problem in checked.problems}
    for screen in asked:
        if faulty & {one.name for one in screen.questions}:
            return Turn(values, screen, checked.problems)
    return Turn(values, asked[0], checked.problems)


def _index_of(asked: list[Screen], page: str) -> int:
    names = [screen.page.name for screen in asked]
    return names.index(page) if page in names else 0


def screen_context(definition: Definition, turn: Turn, *, language: str) -> dict[str, Any]:
    """What the survey's template needs for a turn that has a screen."""
    assert turn.screen is not None
    asked = screens(definition, turn.values)
    step = _index_of(asked, turn.screen.page.name)
    shown = shown_answers(definition, turn.values, language)
    here = {one.name for one in turn.screen.questions}
    found = {problem.element: sentence_for(problem) for problem in turn.problems}
    page = turn.screen.page
    return {
        "title": text_for(page.title, shown, language=language)
        or text_in(definition.title, language),
        "about": text_for(page.description or _about(definition, step), shown, language=language),
        "step": step + 1,
        "step_count": len(asked),
        "has_errors": bool(turn.problems),
        "questions": [
            _asked(one, turn.values, shown, problem=found.get(one.name, ""), language=language)
            for one in turn.screen.questions
        ],
        "kept": [
            ("page", page.name),
            *(("shown", one.name) for one in turn.screen.questions),
            *_kept_fields(definition, turn.values, without=here),
        ],
        "go_text": _go_text(definition, is_last=step + 1 == len(asked), language=language),
        "back_text": text_in(definition.back_text, language) or _("Back"),
    }


def _about(definition: Definition, step: int) -> str | dict[str, str]:
    return definition.description if step == 0 else ""


def _go_text(definition: Definition, *, is_last: bool, language: str) -> str:
    if is_last:
        return text_in(definition.complete_text, language) or _("Send")
    return text_in(definition.next_text, language) or _("Next")


def _asked(
    question: Question, values: Values, shown: Mapping[str, str], *, problem: str, language: str
) -> Asked:
    about = text_for(question.description, shown, language=language)
    parts = question.parts(values.get(question.name), language)
    named = {"about": about, "error": problem, "ends": parts.get("low") or parts.get("high")}
    own = text_in(question.required_error_text, language)
    required = is_required(question, values)
    return Asked(
        template=question.template,
        field=question.field,
        id=f"a-{question.name}".replace(" ", "-"),
        title=text_for(question.title, shown, language=language) or question.name,
        about=about,
        is_required=required,
        problem=own if own and problem == sentence_for(Problem("required", "")) else problem,
        described_by=" ".join(
            f"a-{question.name}-{name}".replace(" ", "-") for name, text in named.items() if text
        ),
        takes_comment=question.takes_comment,
        comment_field=question.comment_field,
        comment=str(values.get(question.comment_name, "")),
        parts=parts,
    )


def _kept_fields(
    definition: Definition, values: Values, *, without: set[str]
) -> list[tuple[str, str]]:
    """Hidden fields that carry the answers of other screens through this one."""
    fields = []
    for question in definition.questions():
        if question.name in without:
            continue
        value = values.get(question.name)
        several = value if isinstance(value, list) else [value]
        fields += [(question.field, str(one)) for one in several if not is_empty(one)]
        if comment := values.get(question.comment_name):
            fields.append((question.comment_field, str(comment)))
    return fields
