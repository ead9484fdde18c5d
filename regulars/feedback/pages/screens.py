"""The screens of a survey: what a posted form says, and what follows it."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from regulars.feedback.pages.drawing import Drawer, carried, id_of
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.elements import Page
from regulars.feedback.survey.groups import Repeating
from regulars.feedback.survey.opening import opening_question
from regulars.feedback.survey.operators import Value, is_empty
from regulars.feedback.survey.path import (
    Screen,
    check,
    cleaned,
    complete,
    root_name,
    screens_of,
    shown_answers,
    sitting_with,
)
from regulars.feedback.survey.piping import text_for
from regulars.feedback.survey.places import COMMENT, deep
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.sitting import Sitting
from regulars.feedback.survey.texts import text_in
from regulars.feedback.survey.walk import go_back, go_on
from regulars.feedback.wording import sentence_for

Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a respondent stands: the screen to show now, or None when all is answered."""

    values: Values
    screen: Screen | None
    problems: tuple[Problem, ...] = ()
    complete_values: Values | None = None
    skips: tuple[tuple[str, str], ...] = ()
    """From which page to which triggers have skipped: the way back."""
    fresh: tuple[str, ...] = ()
    """The questions that an answer on this screen has just brought onto it."""


def values_in(definition: Definition, form: QueryDict) -> Values:
    """Everything that a posted form says, of this screen and of those before."""
    fields = dict(form.lists())
    values: Values = {}
    for question in definition.questions():
        value = question.from_form(fields) if question.takes_answers else None
        if not is_empty(value):
            values[question.name] = value
        if question.takes_comment and form.get(question.comment_field, "").strip():
            values[question.comment_name] = form[question.comment_field]
    return values


def preselected(definition: Definition, answer: str) -> Values:
    """What a link in a letter carries, as the answer to the question that the letter asks."""
    first = opening_question(definition)
    values: Values = {first.name: answer} if first and answer else {}
    if first is None or check([first], values).problems:
        return {}
    return values


def first_turn(definition: Definition, values: Values) -> Turn:
    """The first screen, with defaults and with what the link preselected."""
    sitting = sitting_with(definition)
    for name, value in cleaned(tuple(definition.questions()), values).values.items():
        sitting.answer(name, value)
    return _stand(sitting, {**sitting.values, **values})


def resumed_turn(definition: Definition, values: Values, position: str) -> Turn:
    """The page of that name again, with what was answered so far."""
    asked = screens_of(sitting_with(definition, values))
    return Turn(values, asked[_index_of(asked, position)] if asked else None)


def next_turn(definition: Definition, form: QueryDict, refused: tuple[Problem, ...] = ()) -> Turn:
    """What follows a posted screen: the same again, the one before, the next one, or the end.

    The same comes again with problems, in another language, with a row more or less, or when an
    answer on it made a question of the same page visible. The one before is that from which a
    trigger skipped to this one, if one did. `refused` is what was found wrong with files before.
    """
    given = values_in(definition, form)
    sitting, faults = _with_answers(definition, given, set(form.getlist("shown")))
    sitting.skips = _skips_in(definition, form)
    turn = _following(sitting, form, given, (*faults, *refused))
    return replace(turn, skips=tuple((one.name, to.name) for one, to in sitting.skips))


def _skips_in(definition: Definition, form: QueryDict) -> list[tuple[Page, Page]]:
    pages = {page.name: page for page in definition.pages}
    told = (one.partition(":") for one in form.getlist("skip"))
    return [(pages[one], pages[to]) for one, _colon, to in told if one in pages and to in pages]


def _following(
    sitting: Sitting, form: QueryDict, given: Values, faults: tuple[Problem, ...]
) -> Turn:
    values = {**sitting.values, **{name: given[name] for name in _raw(sitting, given, faults)}}
    asked = screens_of(sitting)
    index = _index_of(asked, form.get("page", ""))
    if not asked or "lang" in form:
        return Turn(values, asked[index] if asked else None)
    if form.get("go") == "back":
        sitting.stand_on(asked[index].page)
        go_back(sitting)
        return _stand(sitting, values)
    if "rows" in form:
        return Turn(with_rows(sitting.definition, values, form), asked[index])
    screen, shown = asked[index], set(form.getlist("shown"))
    here = {one.name for one in screen.questions}
    if problems := tuple(one for one in faults if root_name(one) in here & shown):
        return Turn(values, screen, problems)
    if fresh := _places_on(sitting, screen) - shown:
        return Turn(values, screen, fresh=tuple(sorted(fresh)))
    return _turn_after(sitting, values, screen)


def change_of(definition: Definition, form: QueryDict, turn: Turn) -> Values:
    """What a posted screen says of its own questions, and what followed from that for others.

    None takes an answer back. What the form only carried along is left out: another device may have
    answered anew since it was opened.
    """
    questions = tuple(definition.questions())
    carried = cleaned(questions, values_in(definition, form)).values
    after = turn.complete_values
    after = cleaned(questions, turn.values).values if after is None else after
    here = {re.split(r"[\[.]", path)[0] for path in form.getlist("shown")}
    followed = {one for one in carried | after if carried.get(one) != after.get(one)}
    names = here | {name + COMMENT for name in here} | followed
    return {name: after.get(name) for name in names}


def turn_with_kept(definition: Definition, turn: Turn, kept: Values, sent: Collection[str]) -> Turn:
    """The same turn with what is kept of questions that were not sent with it, from elsewhere."""
    values = {**turn.values, **{name: kept[name] for name in kept if name not in sent}}
    if turn.screen is None or values == turn.values:
        return turn
    known = cleaned(tuple(definition.questions()), values).values
    asked = screens_of(sitting_with(definition, known))
    return replace(turn, values=values, screen=asked[_index_of(asked, turn.screen.page.name)])


def _turn_after(sitting: Sitting, values: Values, screen: Screen) -> Turn:
    """The next screen, the same one with its problems, or the end."""
    sitting.stand_on(screen.page)
    before = dict(sitting.values)
    if problems := tuple(go_on(sitting)):
        return Turn(values, screen, problems)
    if not sitting.is_completed:
        return _stand(sitting, {**values, **sitting.values})
    return _last_turn(sitting.definition, before)


def _last_turn(definition: Definition, values: Values) -> Turn:
    """The end, or the first screen that still has a problem."""
    checked = complete(definition, values)
    if not checked.problems:
        return Turn(values, None, complete_values=checked.values)
    return turn_with_problems(definition, values, checked.problems)


def turn_with_problems(
    definition: Definition, values: Values, problems: tuple[Problem, ...]
) -> Turn:
    """The first screen that one of these problems is on, or else the first of all."""
    faulty = {root_name(problem) for problem in problems}
    asked = screens_of(sitting_with(definition, values))
    for screen in asked:
        groups = {one.name for one in (screen.page, *screen.page.panels())}
        if faulty & (groups | {one.name for one in screen.questions}):
            return Turn(values, screen, problems)
    return Turn(values, asked[0], problems)


def _with_answers(
    definition: Definition, given: Values, shown: set[str]
) -> tuple[Sitting, tuple[Problem, ...]]:
    """A sitting in which what was shown has just been answered, and what was no answer."""
    checked = cleaned(tuple(definition.questions()), given)
    names = {name for one in shown for name in (one, one + COMMENT)}
    before = {name: one for name, one in checked.values.items() if name not in names}
    sitting = sitting_with(definition, before)
    for name, value in checked.values.items():
        if name in names and name.endswith(COMMENT):
            sitting.remark(name.removesuffix(COMMENT), str(value))
        elif name in names:
            sitting.answer(name, value)
    return sitting, checked.problems


def _raw(sitting: Sitting, given: Values, faults: tuple[Problem, ...]) -> set[str]:
    """The answers that are shown again as they were sent: wrong ones, and rows still empty."""
    faulty = {root_name(problem) for problem in faults}
    repeating = {one.name for one in sitting.definition.questions() if isinstance(one, Repeating)}
    return {name for name in given if name in faulty or name in repeating - sitting.values.keys()}


def with_rows(definition: Definition, values: Values, form: QueryDict) -> Values:
    """The answers with a row more at the end, or without one: `add:name`, `cut:name:2`."""
    act, _colon, rest = str(form["rows"]).partition(":")
    name, _colon, at = rest.rpartition(":") if act == "cut" else (rest, "", "")
    question = definition.find_question(name)
    if not isinstance(question, Repeating):
        return values
    fields = dict(form.lists())
    drawn = question.blank(fields)
    rows = [*(values.get(name) or []), *drawn][: len(drawn)]
    if act == "add" and len(rows) < question.bounds_of_count()[1]:
        rows.append({})
    elif act == "cut" and at.isdecimal() and int(at) < len(rows):
        del rows[int(at)]
    return {**values, name: rows}


def _places_on(sitting: Sitting, screen: Screen) -> set[str]:
    """The places on a screen that are seen; inside a question, those that depend on answers."""
    return {
        place.path
        for place in deep(sitting.places_on(screen.page))
        if place.is_visible and (place.outer is None or place.question.visible_if.strip())
    }


def _stand(sitting: Sitting, values: Values) -> Turn:
    """The screen of the page that the sitting has come to."""
    page = sitting.page
    screen = next((one for one in screens_of(sitting) if one.page is page), None)
    return Turn(values, screen)


def _index_of(asked: list[Screen], page: str) -> int:
    names = [screen.page.name for screen in asked]
    return names.index(page) if page in names else 0


def screen_context(definition: Definition, turn: Turn, *, language: str) -> dict[str, Any]:
    """What the survey's template needs for a turn that has a screen."""
    assert turn.screen is not None
    known = cleaned(tuple(definition.questions()), turn.values).values
    sitting = sitting_with(definition, known)
    asked = screens_of(sitting)
    sitting.values.replace({**sitting.values, **turn.values})
    step = _index_of(asked, turn.screen.page.name)
    shown = shown_answers(definition, known, language, sitting=sitting)
    found = {problem.element: problem for problem in turn.problems}
    page = turn.screen.page
    drawer = Drawer(sitting, shown, found, language, turn.fresh)
    drawn = {one.question.name for one in sitting.places_on(page) if one.is_enabled}
    return {
        "title": text_for(page.title, shown, language=language)
        or text_in(definition.title, language),
        "about": text_for(page.description or _about(definition, step), shown, language=language),
        "step": step + 1,
        "step_count": len(asked),
        "has_errors": bool(turn.problems),
        "fresh": next(
            (id_of(one.path) for one in deep(sitting.places_on(page)) if one.path in turn.fresh), ""
        ),
        "fresh_count": len(turn.fresh),
        "page_problem": sentence_for(found[page.name]) if page.name in found else "",
        "elements": list(drawer.elements(page)),
        "takes_files": any(one.stands_alone for one in turn.screen.questions),
        "kept": [
            ("page", page.name),
            *(("shown", one) for one in sorted(_places_on(sitting, turn.screen))),
            *(("skip", f"{one}:{to}") for one, to in turn.skips),
            *carried(sitting, without=drawn),
        ],
        "go_text": _go_text(definition, is_last=step + 1 == len(asked), language=language),
        "hides_below": definition.anonymity.least if definition.anonymity else 0,
        "back_text": text_in(definition.back_text, language) or _("Back"),
    }


def _about(definition: Definition, step: int) -> str | dict[str, str]:
    return definition.description if step == 0 else ""


def _go_text(definition: Definition, *, is_last: bool, language: str) -> str:
    if is_last:
        return text_in(definition.complete_text, language) or _("Send")
    return text_in(definition.next_text, language) or _("Next")
