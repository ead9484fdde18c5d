"""The state of a conversation, and what follows each thing that is heard.

The path is that of the page: the next question that is visible with the answers so far, never one
that stands before the page reached, and at the end whatever the survey still requires.
"""

from dataclasses import dataclass, field, replace

from regulars.feedback.dialogue.hearing import Command, answer_in, command_in
from regulars.feedback.dialogue.modes import why_not
from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.extension import Mode
from regulars.feedback.survey.operators import Value
from regulars.feedback.survey.path import (
    check,
    complete,
    is_required,
    screens,
    screens_of,
    sitting_with,
)
from regulars.feedback.survey.problems import Invalid, Problem
from regulars.feedback.survey.question import Question
from regulars.feedback.survey.sitting import Sitting

REPROMPTS_MAX = 2
"""So often a question is put again; after that it is passed over, or the conversation ends."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Where a conversation stands. Plain values, so that it survives in JSON between messages.

    `at` is the question that waits for an answer, `asked` those put before, in order. `end` is empty
    while it goes on, then `complete` (all is answered), `partial` (the rest needs a page),
    `stopped` (the person wants no more), `given_up` (they could not be understood), `full` (there
    are enough answers of their kind) or `closed` (the survey ended meanwhile).
    """

    mode: Mode
    language: str
    values: dict[str, Value] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    at: str = ""
    tries: int = 0
    problem: Problem | None = None
    end: str = ""


def first_turn(
    definition: Definition, *, mode: Mode, language: str, values: dict[str, Value] | None = None
) -> Talk:
    """A conversation at its first question; with `values`, at the first not answered elsewhere."""
    talk = Talk(mode, definition.best_language([language]), dict(values or {}))
    talk = replace(talk, asked=_answered_before(definition, talk))
    return _at_next(definition, talk)


def question_at(definition: Definition, talk: Talk) -> Question | None:
    """The question that waits for an answer, with the choices it has after those before; or None."""
    question = definition.find_question(talk.at) if not talk.end else None
    if not isinstance(question, Choosing):
        return question
    return question.as_offered(sitting_with(definition, talk.values).scope)


def next_turn(definition: Definition, talk: Talk, heard: str) -> Talk:
    """What follows what was heard: the next question, the same with the reason, or an end."""
    question = question_at(definition, talk)
    if question is None:
        return talk
    command = command_in(heard, definition.languages, talk.mode)
    if command is not None:
        return _obeyed(definition, talk, question, command)
    try:
        said = answer_in(question, heard, talk.mode, talk.language)
    except Invalid as fault:
        return _again(definition, talk, question, Problem(fault.code, question.name, fault.detail))
    checked = check([question], {**_without(talk.values, question), **said})
    if checked.problems:
        return _again(definition, talk, question, checked.problems[0])
    values = _without(talk.values, question) | checked.values
    return _at_next(definition, _passed(replace(talk, values=values)))


def answer_turn(definition: Definition, talk: Talk, value: Value, *, comment: str = "") -> Talk:
    """What follows a value that an app gives; None leaves the question out.

    A wrong value asks again as often as it takes, because a screen shows the reason.
    """
    question = question_at(definition, talk)
    if question is None:
        return talk
    said: dict[str, Value] = {question.name: value}
    if question.takes_comment and comment:
        said[question.comment_name] = comment
    checked = check([question], {**_without(talk.values, question), **said})
    if checked.problems:
        return replace(talk, problem=checked.problems[0])
    values = _without(talk.values, question) | checked.values
    return _at_next(definition, _passed(replace(talk, values=values)))


def back_turn(talk: Talk) -> Talk:
    """The question before, with its answer still there; the first one stays where it is."""
    return _one_back(talk) if not talk.end else talk


def silence(definition: Definition, talk: Talk) -> Talk:
    """What follows when nobody says anything where an answer was awaited, as on a telephone."""
    question = question_at(definition, talk)
    if question is None:
        return talk
    return _again(definition, talk, question, Problem("required", question.name))


def progress(definition: Definition, talk: Talk) -> tuple[int, int]:
    """Which question this is, and of how many as it looks now."""
    count = sum(1 for one in _visible(definition, talk) if not why_not(one, talk.mode))
    return len(talk.asked) + 1, max(count, len(talk.asked) + 1)


def _obeyed(definition: Definition, talk: Talk, question: Question, command: Command) -> Talk:
    if command.name == "stop":
        return replace(talk, end="stopped", problem=None)
    if command.name == "language":
        language = command.language or _next_language(definition, talk.language)
        return replace(talk, language=language, problem=None)
    if command.name == "back":
        return _one_back(talk)
    if is_required(question, talk.values):
        return _again(definition, talk, question, Problem("required", question.name))
    values = _without(talk.values, question)
    return _at_next(definition, _passed(replace(talk, values=values)))


def _next_language(definition: Definition, language: str) -> str:
    codes = definition.languages
    place = codes.index(language) if language in codes else -1
    return codes[(place + 1) % len(codes)]


def _one_back(talk: Talk) -> Talk:
    if not talk.asked:
        return replace(talk, problem=None)
    return replace(talk, at=talk.asked[-1], asked=talk.asked[:-1], tries=0, problem=None)


def _again(definition: Definition, talk: Talk, question: Question, problem: Problem) -> Talk:
    """The same question with the reason, or after too many tries on without it, or the end."""
    if talk.tries < REPROMPTS_MAX:
        return replace(talk, tries=talk.tries + 1, problem=problem)
    if is_required(question, talk.values):
        return replace(talk, end="given_up", problem=None)
    values = _without(talk.values, question)
    return _at_next(definition, _passed(replace(talk, values=values)))


def _passed(talk: Talk) -> Talk:
    return replace(talk, asked=(*talk.asked, talk.at), tries=0, problem=None)


def _without(values: dict[str, Value], question: Question) -> dict[str, Value]:
    gone = {question.name, question.comment_name}
    return {name: value for name, value in values.items() if name not in gone}


def _visible(definition: Definition, talk: Talk) -> list[Question]:
    return [one for screen in screens(definition, talk.values) for one in screen.questions]


def _answered_before(definition: Definition, talk: Talk) -> tuple[str, ...]:
    """The questions that were answered elsewhere, up to the first that was not."""
    done: list[str] = []
    for question in _visible(definition, talk):
        if question.name not in talk.values:
            break
        done.append(question.name)
    return tuple(done)


def _at_next(definition: Definition, talk: Talk) -> Talk:
    """The next question on the page reached or on a later one; or what the end still lacks."""
    sitting = sitting_with(definition, talk.values)
    asked, closed = screens_of(sitting), _closed(sitting)
    last = talk.asked[-1] if talk.asked else ""
    reached = next(
        (
            number
            for number, screen in enumerate(asked)
            if last in {one.name for one in screen.questions}
        ),
        _page_after(definition, talk, last),
    )
    for screen in asked[reached:]:
        for question in screen.questions:
            is_done = question.name in talk.asked or question.name in closed
            if not is_done and not why_not(question, talk.mode):
                return replace(talk, at=question.name, tries=0)
    return _at_end(definition, talk)


def _closed(sitting: Sitting) -> set[str]:
    """The questions that are read and cannot be answered now, as a page shows them."""
    return {
        place.path
        for place in sitting.places()
        if place.question.takes_answers and not place.is_enabled
    }


def _page_after(definition: Definition, talk: Talk, last: str) -> int:
    """Where the pages go on when the question asked last has vanished by its own answer."""
    pages = [page.name for page in definition.pages if _holds(page, last)]
    if not pages:
        return 0
    order = [page.name for page in definition.pages]
    seen = [screen.page.name for screen in screens(definition, talk.values)]
    before = order[: order.index(pages[0])]
    return sum(1 for name in seen if name in before)


def _holds(page: object, name: str) -> bool:
    return any(one.name == name for one in getattr(page, "questions", ()))


def _at_end(definition: Definition, talk: Talk) -> Talk:
    """Complete, or back to what is still required, or partial when this mode cannot ask for it."""
    checked = complete(definition, talk.values)
    lacking = {problem.element: problem for problem in checked.problems}
    for question in _visible(definition, talk):
        if question.name in lacking and not why_not(question, talk.mode):
            if talk.asked.count(question.name) > REPROMPTS_MAX:
                return replace(talk, at="", end="given_up", problem=None)
            return replace(talk, at=question.name, tries=0, problem=lacking[question.name])
    return replace(talk, at="", end="partial" if lacking else "complete", problem=None)
