"""Our engine going the way of a task, told in the words of the script for Node."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from regulars.feedback.survey.choices import Choosing
from regulars.feedback.survey.definition import read_definition
from regulars.feedback.survey.elements import Group
from regulars.feedback.survey.groups import Grouping
from regulars.feedback.survey.places import Place, deep
from regulars.feedback.survey.sitting import Sitting
from regulars.feedback.survey.walk import go_back, go_on, result_of
from regulars.feedback.tests.node import as_node_says

KINDS = {
    "required": "required", "other_empty": "otherempty", "one_required": "requireoneanswer",
    "not_a_number": "requirenumeric", "row_required": "requiredinallrowserror",
    "row_twice": "eachrowuniqueeerror", "too_few_rows": "minrowcounterror",
    "key_twice": "keyduplicationerror",
}  # fmt: skip
"""Our codes in the words of survey-core; every other fault it calls custom."""


def as_offered(task: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The task with answers that the page offers at that moment: nobody takes a hidden choice."""
    sitting = Sitting(read_definition(task["definition"]), now=now)
    steps = []
    for step in task["steps"]:
        taken = {name: _offered(sitting, name, one) for name, one in step.get("set", {}).items()}
        if any(not _has_other(sitting, name) for name in step.get("comment", {})):
            continue
        if taken and all(one is None or one == sitting.values.get(n) for n, one in taken.items()):
            continue
        steps.append(step | ({"set": taken} if taken else {}))
        _taken(sitting, steps[-1])
    return task | {"steps": steps}


def _has_other(sitting: Sitting, name: str) -> bool:
    value = sitting.values.get(name)
    return "other" in (value if isinstance(value, list) else [value])


def _offered(sitting: Sitting, name: str, value: Any) -> Any:
    place = sitting.find_place(name)
    if place is None or not (place.is_visible and place.is_enabled):
        return sitting.values.get(name)
    if isinstance(place.question, Grouping):
        return _asked_inside(place, value)
    if not isinstance(place.question, Choosing):
        return value
    return place.question.visible_part(value, place.scope)


def _asked_inside(place: Place, value: Any) -> Any:
    """The answer without what its rows or panels do not ask, which may hide something more."""
    trial = replace(place, values={place.question.name: value})
    for _ in range(4):
        for one in list(trial.inside()):
            if not (one.is_visible and one.is_enabled) and one.value is not None:
                one.put(None)
                break
        else:
            break
    rows = trial.value
    return rows if any(rows.values() if isinstance(rows, dict) else rows or ()) else None


def walked(task: dict[str, Any], *, now: datetime) -> list[dict[str, Any]]:
    """The state after each step."""
    sitting = Sitting(read_definition(task["definition"]), now=now)
    states = [_state(sitting)]
    for step in task["steps"]:
        if sitting.is_completed:
            break
        extra = _taken(sitting, step)
        states.append(_state(sitting) | extra)
    return states


def _taken(sitting: Sitting, step: dict[str, Any]) -> dict[str, Any]:
    if "load" in step:
        sitting.load(step["load"])
    for name, value in step.get("set", {}).items():
        sitting.answer(name, value)
    for name, text in step.get("comment", {}).items():
        sitting.remark(name, text)
    if step.get("go") == "back":
        go_back(sitting)
    if step.get("go") != "on":
        return {}
    problems = go_on(sitting)
    return {"errors": sorted([one.element, KINDS.get(one.code, "custom")] for one in problems)}


def _state(sitting: Sitting) -> dict[str, Any]:
    if sitting.is_completed:
        return {"data": as_node_says(result_of(sitting)), "completed": True}
    panels = [
        one for page in sitting.definition.pages for one in _panels(sitting, page, shown=True)
    ]
    return {
        "data": as_node_says(result_of(sitting)),
        "page": sitting.page.name if sitting.page else None,
        "pages": [page.name for page in sitting.pages()],
        "panels": panels,
        "questions": {place.path: _seen(place) for place in deep(sitting.places())},
        "completed": sitting.is_completed,
    }


def _panels(sitting: Sitting, group: Group, *, shown: bool) -> list[list[Any]]:
    found: list[list[Any]] = []
    shown = shown and sitting.is_group_visible(group)
    for one in group.elements:
        if isinstance(one, Group):
            visible = shown and sitting.is_group_visible(one)
            found += [[one.name, visible], *_panels(sitting, one, shown=shown)]
    return found


def _seen(place: Place) -> dict[str, Any]:
    seen = {
        "visible": place.is_visible,
        "required": place.is_required,
        "enabled": place.is_enabled,
    }
    if isinstance(place.question, Choosing):
        seen["choices"] = [one.value for one in place.question.visible_choices(place.scope)]
    return seen
