"""What one answer does to others: values that are set or reset by conditions, and triggers."""

from typing import TYPE_CHECKING

from regulars.feedback.survey.expression import Expression, read_expression, root_of
from regulars.feedback.survey.operators import is_empty, unchanged
from regulars.feedback.survey.places import Place, deep
from regulars.feedback.survey.scalars import Value, as_answer
from regulars.feedback.survey.scopes import MISSING, find, path_of
from regulars.feedback.survey.triggers import (
    Complete,
    CopyValue,
    RunExpression,
    SetValue,
    Skip,
    Trigger,
)

if TYPE_CHECKING:
    from regulars.feedback.survey.sitting import Sitting

Changes = dict[str, Value]
"""Answers that have just changed, by name."""


def run_question_triggers(sitting: "Sitting", changes: Changes) -> None:
    """Set and reset the answers whose conditions speak of what has changed.

    An answer that is just being given stays as it is, whatever it leads to.
    """
    for place in list(deep(sitting.places())):
        if place.question.is_set_by_conditions and place.path not in sitting.answering:
            _reset(sitting, place, changes)
            _set(sitting, place, changes)


def _reset(sitting: "Sitting", place: Place, changes: Changes) -> None:
    source = place.question.reset_value_if
    if not source.strip() or is_empty(place.value):
        return
    expression = read_expression(source)
    if _matters([expression], place, changes) and expression.holds(place.scope):
        _assign(sitting, place, sitting.default_of(place))


def _set(sitting: "Sitting", place: Place, changes: Changes) -> None:
    condition, source = place.question.set_value_if, place.question.set_value_expression
    sources = [read_expression(one) for one in (condition, source) if one.strip()]
    if not sources or not _matters(sources, place, changes):
        return
    if condition.strip() and not sources[0].evaluate(place.scope):
        return
    value = sources[-1].evaluate(place.scope) if source.strip() else None
    _assign(sitting, place, value)


def _matters(sources: list[Expression], place: Place, changes: Changes) -> bool:
    """Whether a change matters to a condition or to what it sets; to a constant every one does."""
    last = sources[-1]
    is_restless = last.is_restless or not last.variables
    return is_restless or any(_concerns(one, place, changes) for one in sources)


def _concerns(expression: Expression, place: Place, changes: Changes) -> bool:
    """Whether an expression looks at what has changed."""
    names = set() if expression.is_restless else set(expression.variables)
    if names and place.outer is not None:
        names.add(root_of(place.path))
    return any(_is_among(name, changes) for name in names)


def _is_among(name: str, changes: Changes) -> bool:
    """Whether a variable has changed, or is a part of an answer that has; nothing has no parts."""
    changed = {one.lower(): value for one, value in changes.items()}
    return name.lower() in changed or changed.get(root_of(name).lower()) is not None


def _assign(sitting: "Sitting", place: Place, value: Value) -> None:
    value = place.question.taken_over(as_answer(value))
    if unchanged(place.value, value):
        return
    if place.outer is None:
        sitting.answer(place.question.name, value)
        return
    with sitting.being_given(place.path):
        place.put(value)
        sitting.touched.add(place.path)
        root = root_of(place.path)
        sitting.follow({root: sitting.values.get(root)})


def run_triggers(
    sitting: "Sitting", changes: Changes, *, before: Changes | None = None, is_leaving: bool = False
) -> bool:
    """Run the triggers whose conditions speak of what changed, or of the page that is left.

    With the answers before the change, a condition on a part of an answer counts only when that
    part has changed. Says whether one of the triggers ended the survey.
    """
    for trigger in sitting.definition.triggers:
        if sitting.is_completed:
            return True
        is_about_path = isinstance(trigger, Complete | Skip)
        if is_about_path is is_leaving and _fires(sitting, trigger, changes, before):
            _fire(sitting, trigger)
    return sitting.is_completed


def _fires(sitting: "Sitting", trigger: Trigger, changes: Changes, before: Changes | None) -> bool:
    if isinstance(trigger, SetValue | CopyValue) and list(changes) == [trigger.set_to_name]:
        return False
    changed = {name.lower() for name in changes}
    copied = {trigger.from_name.lower()} if isinstance(trigger, CopyValue) else set()
    if not trigger.expression.strip():
        return bool(copied & changed)
    expression = read_expression(trigger.expression)
    named = {
        name for name in expression.variables if _is_changed(name, changes, before)
    } | copied & changed
    is_concerned = bool(named) or not (expression.variables or copied)
    return (is_concerned or expression.is_restless) and expression.holds(sitting.scope)


def _is_changed(name: str, changes: Changes, before: Changes | None) -> bool:
    """Whether a variable, perhaps a part of an answer, is among what has changed."""
    if before is None or root_of(name) == name:
        return _is_among(name, changes)
    if root_of(name).lower() not in {one.lower() for one in changes}:
        return False
    path = path_of(name)
    was, now = find(before, path), find(changes, path)
    gone = [None if one is MISSING else one for one in (was, now)]
    return not unchanged(*gone)


def _fire(sitting: "Sitting", trigger: Trigger) -> None:
    if isinstance(trigger, SetValue):
        _give(sitting, trigger.set_to_name, trigger.set_value)
    elif isinstance(trigger, CopyValue):
        found = sitting.scope.find(trigger.from_name)
        _give(sitting, trigger.set_to_name, None if found is MISSING else found)
    elif isinstance(trigger, RunExpression):
        _run_expression(sitting, trigger)
    elif isinstance(trigger, Complete):
        sitting.is_completed = True
    else:
        _skip_to(sitting, trigger.goto_name)


def _skip_to(sitting: "Sitting", name: str) -> None:
    """Stand on the page of a question, if both are shown; the way back leads where one came from."""
    place, page = sitting.find_place(name), sitting.definition.page_of(name)
    if place is None or page is None or not place.is_shown_itself:
        return
    if sitting.page is not None:
        sitting.skips.append((sitting.page, page))
    if page in sitting.pages():
        sitting.stand_on(page)


def _run_expression(sitting: "Sitting", trigger: RunExpression) -> None:
    if not trigger.run_expression.strip():
        return
    value = read_expression(trigger.run_expression).evaluate(sitting.scope)
    if trigger.set_to_name and value is not None:
        _give(sitting, trigger.set_to_name, value)


def _give(sitting: "Sitting", name: str, value: Value) -> None:
    place = sitting.find_place(name)
    if place is not None:
        _assign(sitting, place, value)
