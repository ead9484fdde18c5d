"""A definition with what our engine does not know becomes one that can be asked, piece by piece.

The engine itself says what it does not understand; that is taken away, noted, and looked at again,
until nothing is wrong. So an import can carry exactly what can be asked, and loses nothing silently.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from regulars.core.errors import Refused
from regulars.feedback.importing.losses import Loss
from regulars.feedback.importing.scales import scaled
from regulars.feedback.importing.walking import (
    GONE,
    HOLDERS,
    Origin,
    Raw,
    Spot,
    purge,
    spot_of,
    spots,
)
from regulars.feedback.survey.carrying import TAKEN_FROM
from regulars.feedback.survey.definition import Definition
from regulars.feedback.survey.problems import Problem
from regulars.feedback.survey.question import NAME, questions
from regulars.feedback.wording import named_sentence_for

ROUNDS_MAX = 300
PARTS_MAX = 1000
"""Pages, panels, questions and columns: five times as many as questions may be asked."""
LOSSES_MAX = 1000
"""A report that is longer helps nobody, and each loss costs a look at every part."""
AGAIN_MAX = 60
"""So often one element may lack something; then it goes."""
_INNER = re.compile(r"Value error, ([^:]+): (?:([\w.]+): )?")
"""How an outer question tells what is wrong with one inside it: its name, the property, the reason."""

Examine = Callable[[object], tuple[Definition | None, list[Problem]]]
KEPT = (
    "name", "title", "description", "isRequired", "visibleIf", "requiredIf", "enableIf", "visible",
)  # fmt: skip
WITHOUT_PICTURES = {"imagepicker": "radiogroup"}
LEFT_OUT = ("image", "signaturepad", "imagemap")
OF_AN_ELEMENT = (
    "unknown_property", "bad_property", "missing_property", "bad_expression", "unknown_type",
    "not_an_object", "too_deep",
)  # fmt: skip
HOPELESS = ("no_questions", "too_many_questions", "not_an_object", "not_storable")
BY_PROPERTY = ("unknown_property", "bad_property", "missing_property", "bad_expression")


def mended(raw: Raw, examine: Examine) -> tuple[Raw, list[Loss]]:
    """The definition as far as it can be asked, and what had to be changed; as it is if nothing.

    Raises Refused where nothing is left to ask, or too much, or where too much is lost.
    """
    if sum(1 for _spot in spots(raw)) > PARTS_MAX:
        said = _("The survey has more than %(count)s pages, questions and columns.")
        raise Refused("cannot_be_imported", said % {"count": PARTS_MAX}, "file")
    _definition, problems = examine(raw)
    if not problems:
        return raw, []
    made = deepcopy(raw)
    origin = {id(spot.element): spot.path for spot in spots(made)}
    losses = [*_named(made), *_typed(made), *scaled(made)]
    purge(made)
    seen: Counter[tuple[str, str]] = Counter()
    for _round in range(ROUNDS_MAX):
        _definition, problems = examine(made)
        if not problems:
            return made, losses
        for problem in _first(problems):
            if len(losses) > LOSSES_MAX:
                raise _hopeless(problem)
            seen[problem.element, problem.code] += 1
            is_again = seen[problem.element, problem.code] > AGAIN_MAX
            losses += _mend(made, problem, origin, is_again=is_again)
        purge(made)
    raise _hopeless(problems[0])


def _first(problems: list[Problem]) -> list[Problem]:
    """What is wrong with elements themselves; what is wrong between them may follow from it."""
    shapes = [one for one in problems if one.code in OF_AN_ELEMENT]
    between = [one for one in problems if one.code != "no_questions"]
    return shapes or between or problems


def _hopeless(problem: Problem) -> Refused:
    return Refused("cannot_be_imported", named_sentence_for(problem), "file")


def _named(made: Raw) -> Iterator[Loss]:
    """Give elements names that can be used here, and rename them wherever they are mentioned."""
    taken = {str(spot.element.get("name")) for spot in spots(made)}
    for spot in list(spots(made)):
        old = spot.element.get("name")
        if (isinstance(old, str) and re.fullmatch(NAME, old)) or (_is_page(spot) and not old):
            continue
        wanted = re.sub(r"[^\w \-]+", "_", str(old or "")).strip("_- ")[:50] or "question"
        spot.element["name"] = new = _free(wanted, taken)
        if not old:
            yield Loss(spot.path, "no_name", "renamed")
            continue
        if isinstance(old, str):
            _rename(made, old, new)
        yield Loss(spot.path, "not_a_name", "renamed", {"name": str(old)[:60]})


def _is_page(spot: Spot) -> bool:
    return spot.path.startswith("pages[") and spot.path.count("[") == 1


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    taken.add(name)
    return name


def _rename(told: Any, old: str, new: str) -> None:
    """Write the new name in every `{old}` of every text, and in the extension block."""
    if isinstance(told, list):
        for index, one in enumerate(told):
            told[index] = _reworded(one, old, new)
    elif isinstance(told, dict):
        for key in list(told):
            is_name = key == TAKEN_FROM and told[key] == old
            told[key] = new if is_name else _reworded(told[key], old, new)
    if isinstance(told, dict) and isinstance(block := told.get("regulars"), dict):
        for part in block.values():
            if isinstance(part, dict) and old in part:
                part[new] = part.pop(old)


def _reworded(told: Any, old: str, new: str) -> Any:
    if isinstance(told, str):
        return re.sub(rf"\{{{re.escape(old)}(?=[\[.}}])", lambda _found: "{" + new, told)
    _rename(told, old, new)
    return told


def _typed(made: Raw) -> Iterator[Loss]:
    """Kinds of questions that are not known here become the nearest one, or go."""
    for spot in list(spots(made)):
        element, kind = spot.element, spot.element.get("type")
        known = {*questions.kinds(), "panel"}
        if not isinstance(kind, str) or kind in known:
            continue
        detail = {"type": kind[:60]}
        if kind in WITHOUT_PICTURES:
            element["type"] = "checkbox" if element.pop("multiSelect", False) else "radiogroup"
            yield Loss(spot.path, "unknown_type", "as_choice", detail)
        elif kind in LEFT_OUT:
            spot.holder[spot.index] = GONE
            yield Loss(spot.path, "unknown_type", "left_out", detail)
        else:
            yield _as_comment(spot, Problem("unknown_type", "", detail))


def _as_comment(spot: Spot, problem: Problem) -> Loss:
    kept = {key: one for key, one in spot.element.items() if key in KEPT}
    spot.element.clear()
    spot.element.update({"type": "comment", **kept})
    return Loss(spot.path, problem.code, "as_comment", problem.detail)


def _mend(made: Raw, problem: Problem, origin: Origin, *, is_again: bool) -> Iterator[Loss]:
    """Take away what a problem is about."""
    if problem.code in HOPELESS and problem.element == "survey":
        raise _hopeless(problem)
    if problem.element == "regulars":
        yield from _mend_block(made, problem)
        return
    if problem.code == "unknown_name":
        yield from _forget(made, problem, origin)
        return
    spot = spot_of(made, problem.element, origin)
    if spot is None or not spot.is_there:
        root = made if problem.element == "survey" else None
        if root is not None and problem.code in BY_PROPERTY:
            yield from _without_property(root, "", problem)
        return
    yield from _mend_element(spot, problem, is_again=is_again)


def _mend_element(spot: Spot, problem: Problem, *, is_again: bool) -> Iterator[Loss]:
    element = spot.element
    if not element:
        spot.holder[spot.index] = GONE
        yield Loss(spot.path, problem.code, "left_out", problem.detail)
    elif problem.code == "no_choices":
        yield _as_comment(spot, problem)
    elif problem.code == "name_twice":
        name = str(element["name"])
        twins = list(_same_name(spot, name))
        element["name"] = f"{name[:50]} {len(twins) + 2}"
        yield Loss(spot.path, problem.code, "renamed", problem.detail)
    elif problem.code == "choice_twice":
        element["choices"] = _once(element.get("choices", []))
        yield Loss(f"{spot.path}.choices", problem.code, "later_left_out", problem.detail)
    elif inner := _inner_of(spot, problem):
        yield from _mend_inner(*inner, problem)
    elif problem.code in BY_PROPERTY and not is_again and _may_lose(element, problem):
        yield from _without_property(element, f"{spot.path}.", problem)
    else:
        spot.holder[spot.index] = GONE
        yield Loss(spot.path, problem.code, "left_out", problem.detail)


def _same_name(spot: Spot, name: str) -> Iterator[str]:
    for one in spot.holder:
        if isinstance(one, dict) and str(one.get("name", "")).startswith(f"{name} "):
            yield str(one["name"])


def _once(choices: Any) -> list[Any]:
    found: dict[str, Any] = {}
    for one in choices if isinstance(choices, list) else ():
        value = one.get("value") if isinstance(one, dict) else one
        found.setdefault(str(value).strip().lower(), one)
    return list(found.values())


def _may_lose(element: Raw, problem: Problem) -> bool:
    first = problem.detail.get("property", "").split(".")[0]
    return first in element and first not in ("name", "type")


def _inner_of(spot: Spot, problem: Problem) -> tuple[Spot, str] | None:
    """The question inside this one that the reason names, and the property; None for none."""
    key, reason = problem.detail.get("property", ""), problem.detail.get("reason", "")
    held, told = spot.element.get(key), _INNER.match(reason)
    if key not in HOLDERS or not isinstance(held, list) or told is None:
        return None
    for index, one in enumerate(held):
        if isinstance(one, dict) and one.get("name") == told[1]:
            return Spot(f"{spot.path}.{key}[{index}]", held, index), told[2] or ""
    return None


def _mend_inner(spot: Spot, name: str, problem: Problem) -> Iterator[Loss]:
    """Take the property away from a question inside another, or that question."""
    at_fault = Problem("bad_property", spot.path, {**problem.detail, "property": name})
    if name and _may_lose(spot.element, at_fault):
        yield from _without_property(spot.element, f"{spot.path}.", at_fault)
    else:
        spot.holder[spot.index] = GONE
        yield Loss(spot.path, problem.code, "left_out", problem.detail)


def _without_property(told: Any, path: str, problem: Problem) -> Iterator[Loss]:
    """Take away the property, or the innermost thing on the way to it that is there."""
    at: Any = told
    last: tuple[Any, Any] | None = None
    said = path.rstrip(".")
    for step in problem.detail.get("property", "").split("."):
        if isinstance(at, dict) and step in at:
            last, at = (at, step), at[step]
            said = f"{said}.{step}" if said else step
        elif isinstance(at, list) and step.isdigit() and int(step) < len(at):
            last, at = (at, int(step)), at[int(step)]
            said = f"{said}[{step}]"
    if last is None:
        yield Loss(said or "survey", problem.code, "left_out", problem.detail)
        return
    holder, key = last
    if at is not GONE:
        holder[key] = GONE
        yield Loss(said, problem.code, "left_out", problem.detail)


def _mend_block(made: Raw, problem: Problem) -> Iterator[Loss]:
    """What the extension block says of what is not there goes, and else the part that is wrong."""
    block, name = made.get("regulars", {}), problem.detail.get("name", "")
    parts = [key for key, part in block.items() if isinstance(part, dict) and name in part]
    for key in parts:
        block[key].pop(name)
        yield Loss(f"regulars.{key}.{name}", problem.code, "left_out", problem.detail)
    by_code = {
        "not_anonymous": problem.detail.get("property", ""),
        "unknown_touchpoint": "touchpoint",
        "code_twice": "codeFrame",
        "unknown_code": "codeFrame",
        "quota_twice": "quotas",
        "bad_expression": "quotas",
        "unknown_name": "text",
    }
    key = by_code.get(problem.code, "")
    if not parts and key in block:
        block.pop(key)
        yield Loss(f"regulars.{key}", problem.code, "left_out", problem.detail)
    elif not parts:
        made.pop("regulars", None)
        yield Loss("regulars", problem.code, "left_out", problem.detail)


def _forget(made: Raw, problem: Problem, origin: Origin) -> Iterator[Loss]:
    """Nothing mentions a name any more that no question has."""
    name = problem.detail["name"]
    spot = spot_of(made, problem.element, origin)
    if spot is not None and spot.is_there:
        yield from _cut(spot.element, spot.path, name, problem)
        return
    for key in ("triggers", "calculatedValues"):
        held = made.get(key, [])
        for index, one in enumerate(held):
            if isinstance(one, dict) and _mentions(one, name):
                held[index] = GONE
                yield Loss(f"{key}[{index}]", problem.code, "left_out", problem.detail)
    block = made.get("regulars", {})
    if any(_mentions(one, name) for one in block.get("quotas", ())):
        block.pop("quotas")
        yield Loss("regulars.quotas", problem.code, "left_out", problem.detail)


def _mentions(told: Raw, name: str) -> bool:
    said = [one for one in told.values() if isinstance(one, str)]
    return name in said or any(re.search(rf"\{{{re.escape(name)}\b", one) for one in said)


def _cut(told: Raw, path: str, name: str, problem: Problem) -> Iterator[Loss]:
    mention = re.compile(rf"\{{{re.escape(name)}(?=[\[.}}])[^}}]*\}}", re.IGNORECASE)
    for key, one in list(told.items()):
        here = f"{path}.{key}"
        if isinstance(one, str) and mention.search(one):
            is_formula = key.endswith(("If", "xpression"))
            told[key] = GONE if is_formula else mention.sub("", one).strip()
            done = "left_out" if is_formula else "text_cut"
            yield Loss(here, problem.code, done, problem.detail)
        elif isinstance(one, dict):
            yield from _cut(one, here, name, problem)
        elif isinstance(one, list) and key not in ("pages", "elements", "questions"):
            for index, part in enumerate(one):
                if isinstance(part, dict):
                    yield from _cut(part, f"{here}[{index}]", name, problem)
