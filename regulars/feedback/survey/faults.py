"""What is wrong with the answers on a page, at every depth."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from regulars.feedback.survey.elements import Group
from regulars.feedback.survey.operators import is_empty
from regulars.feedback.survey.places import Place, holds, is_enabled, is_shown, placed
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.validators import first_fault

if TYPE_CHECKING:
    from regulars.feedback.survey.sitting import Sitting


def faults_in(sitting: "Sitting", group: Group) -> Iterator[Problem]:
    """Every fault of the visible questions and panels of a page or panel."""
    for place in placed(group, sitting.values, sitting.scope):
        yield from faults_of(place)
    yield from _faults_of_group(sitting, group)


def _faults_of_group(sitting: "Sitting", group: Group) -> Iterator[Problem]:
    """The panels, outer ones last, in which something had to be answered and nothing was."""
    if not is_shown(group, sitting.scope) or not is_enabled(group, sitting.scope):
        return
    for one in group.elements:
        if isinstance(one, Group):
            yield from _faults_of_group(sitting, one)
    about = group.about
    if holds(about.required_if, sitting.scope, otherwise=about.is_required):
        asked = [one for one in placed(group, sitting.values, sitting.scope) if one.is_visible]
        if asked and all(is_empty(place.value) for place in asked):
            yield Problem("one_required", group.name)


def faults_of(place: Place) -> Iterator[Problem]:
    """Every fault of one question, with those of the questions inside it."""
    if not place.is_visible:
        return
    if place.is_enabled or place.question.calculation:
        yield from _own_faults(place)
    for one in place.inside():
        yield from faults_of(one)


def _own_faults(place: Place) -> Iterator[Problem]:
    question, value = place.question, place.value
    codes = ["required"] if is_empty(value) and _must_answer(place) else []
    codes += question.faults(value, place.comment, place.scope)
    if codes:
        yield from (Problem(code, place.path, question.bounds(code)) for code in codes)
        return
    code, at = first_fault(question.validators, value, place.scope)
    if code:
        yield Problem(code, place.path, {"validator": str(at)})


def _must_answer(place: Place) -> bool:
    return place.question.takes_answers and place.is_required


def is_ready(sitting: "Sitting", name: str) -> bool:
    """Whether a page, panel or dynamic panel of that name has nothing wrong in it."""
    for page in sitting.definition.pages:
        for group in (page, *page.panels()):
            if group.name == name:
                return not _any(faults_in(sitting, group))
    place = sitting.find_place(name)
    return place is not None and not _any(faults_of(place))


def _any(problems: Iterable[Problem]) -> bool:
    return next(iter(problems), None) is not None
