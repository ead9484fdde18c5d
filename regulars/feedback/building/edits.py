"""Edits of a definition as JSON, such as the builder's cards make. Each gives a new definition.

What an edit does not understand it leaves as it is, so nothing written by hand is lost.
"""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from regulars.core.errors import NotFound, Refused
from regulars.feedback.building.skeletons import skeleton
from regulars.feedback.survey.carrying import TAKEN_FROM

Raw = dict[str, Any]

NAME_MAX = 60
NAMED_IN_BLOCK = ("measures", "agreements", "texts", "consents")
"""Parts of the extension block whose keys are names of questions."""
NAMED_IN_TRIGGERS = ("setToName", "fromName", "gotoName")
NAMED_IN_CALLS = r"\b(?:displayValue|propertyValue|getComment|isContainerReady)\(\s*"


def arranged(raw: Raw) -> Raw:
    """The same definition with all its elements on named pages.

    >>> arranged({"elements": [{"type": "text", "name": "a"}]})["pages"][0]["name"]
    'page1'
    """
    made = deepcopy(raw)
    loose = [*made.pop("elements", ()), *made.pop("questions", ())]
    pages = [*made.get("pages", ()), *([{"elements": loose}] if loose else [])]
    for page in pages:
        page["elements"] = [*page.get("elements", ()), *page.pop("questions", ())]
    elements = [one for page in pages for one in page["elements"] if isinstance(one, dict)]
    _name_all(pages, "page")
    _name_all(elements, "element")
    return made | {"pages": pages}


def questions_in(raw: Raw) -> Iterator[Raw]:
    """Every element that stands on a page by itself, in order."""
    for page in raw["pages"]:
        yield from page["elements"]


def question_in(raw: Raw, name: str) -> Raw:
    """The element of that name. Raises NotFound."""
    page, index = _place(raw, name)
    found: Raw = raw["pages"][page]["elements"][index]
    return found


def page_in(raw: Raw, name: str) -> Raw:
    """The page of that name. Raises NotFound."""
    found: Raw = raw["pages"][_page_place(raw, name)]
    return found


def add_question(raw: Raw, kind: str, *, page: str, after: str = "") -> tuple[Raw, str]:
    """A new question of a kind behind another one, or else first on the page; and its name."""
    made = arranged(raw)
    index = _page_place(made, page)
    elements = made["pages"][index]["elements"]
    names = [one.get("name") for one in elements]
    name = _free("question", _names(made))
    place = names.index(after) + 1 if after in names else 0
    elements.insert(place, skeleton(kind, name))
    return made, name


def copy_question(raw: Raw, name: str) -> tuple[Raw, str]:
    """A copy of a question right behind it, under a name of its own; so are those of a group."""
    made = arranged(raw)
    page, index = _place(made, name)
    twin, taken = deepcopy(made["pages"][page]["elements"][index]), _names(made)
    for old in [str(one["name"]) for one in _deep([twin]) if one.get("name")]:
        new = _free(re.sub(r"\d+$", "", old) or "question", taken)
        twin = _rewritten(twin, _mention(old), rf"\g<1>{new}")
        _taken_from(twin, old, new)
        next(one for one in _deep([twin]) if one.get("name") == old)["name"] = new
        taken.add(new)
    made["pages"][page]["elements"].insert(index + 1, twin)
    return made, twin["name"]


def remove_question(raw: Raw, name: str) -> Raw:
    """The definition without a question and without what the extension block says of it."""
    made = arranged(raw)
    page, index = _place(made, name)
    del made["pages"][page]["elements"][index]
    block = made.get("regulars", {})
    for part in NAMED_IN_BLOCK:
        block.get(part, {}).pop(name, None)
    if block.get("text") == name:
        del block["text"]
    return made


def move_question(raw: Raw, name: str, *, by: int) -> Raw:
    """A question one place up (-1) or down (1); over the edge of its page it goes to the next."""
    made = arranged(raw)
    page, index = _place(made, name)
    elements = made["pages"][page]["elements"]
    moved = elements.pop(index)
    if 0 <= index + by <= len(elements):
        elements.insert(index + by, moved)
    elif 0 <= page + by < len(made["pages"]):
        other = made["pages"][page + by]["elements"]
        other.insert(0 if by > 0 else len(other), moved)
    else:
        elements.insert(index, moved)
    return made


def add_page(raw: Raw, *, after: str = "") -> tuple[Raw, str]:
    """An empty page behind another one, or else at the end; and its name."""
    made = arranged(raw)
    names = [page["name"] for page in made["pages"]]
    name = _free("page", set(names))
    place = names.index(after) + 1 if after in names else len(names)
    made["pages"].insert(place, {"name": name, "elements": []})
    return made, name


def remove_page(raw: Raw, name: str) -> Raw:
    """The definition without a page and its questions."""
    made = arranged(raw)
    for one in list(page_in(made, name)["elements"]):
        if one.get("name"):
            made = remove_question(made, one["name"])
    del made["pages"][_page_place(made, name)]
    return made


def move_page(raw: Raw, name: str, *, by: int) -> Raw:
    """A page one place up (-1) or down (1)."""
    made = arranged(raw)
    index = _page_place(made, name)
    if 0 <= index + by < len(made["pages"]):
        made["pages"].insert(index + by, made["pages"].pop(index))
    return made


def put_question(raw: Raw, name: str, element: Raw) -> Raw:
    """Another element in the place of a question; what mentions its name follows a new one.

    Raises Refused where the new name is another question's.
    """
    made = arranged(raw)
    page, index = _place(made, name)
    new_name = str(element.get("name") or name)
    if new_name != name and new_name in _names(made):
        raise Refused("name_taken", "another question has this name", "name")
    made["pages"][page]["elements"][index] = element
    return _renamed(made, name, new_name) if new_name != name else made


def put_page(raw: Raw, name: str, page: Raw) -> Raw:
    """Other words and another condition for a page; its questions and its name stay."""
    made = arranged(raw)
    index = _page_place(made, name)
    kept = {key: made["pages"][index][key] for key in ("name", "elements")}
    made["pages"][index] = {**page, **kept}
    return made


def _renamed(raw: Raw, old: str, new: str) -> Raw:
    made: Raw = _rewritten(raw, _mention(old), rf"\g<1>{new}")
    _taken_from(made, old, new)
    for trigger in _dicts(made.get("triggers")):
        trigger |= {key: new for key in NAMED_IN_TRIGGERS if trigger.get(key) == old}
    block = made.get("regulars", {})
    for part in NAMED_IN_BLOCK:
        if old in block.get(part, {}):
            block[part] = {new if key == old else key: one for key, one in block[part].items()}
    if block.get("text") == old:
        block["text"] = new
    return made


def _mention(name: str) -> re.Pattern[str]:
    """Where a text speaks of a question: `{name}`, `{name.part}`, `{name-Comment}`, `displayValue('name')`.

    A hyphen may also stand within the name of another question.
    """
    before = rf"(\{{\s*#?|{NAMED_IN_CALLS}['\"])"
    return re.compile(before + re.escape(name) + r"(?=\s*[}.\['\"]|-Comment\b)")


def _rewritten(raw: Any, mention: re.Pattern[str], new: str) -> Any:
    if isinstance(raw, str):
        return mention.sub(new, raw)
    if isinstance(raw, list):
        return [_rewritten(one, mention, new) for one in raw]
    if isinstance(raw, dict):
        return {key: _rewritten(one, mention, new) for key, one in raw.items()}
    return raw


def _taken_from(told: Any, old: str, new: str) -> None:
    """Have questions that offer the choices of another one follow its new name."""
    for one in _everywhere(told):
        if one.get(TAKEN_FROM) == old:
            one[TAKEN_FROM] = new


def _everywhere(told: Any) -> Iterator[Raw]:
    """Every object in a definition, however deep."""
    if isinstance(told, dict):
        yield told
        told = list(told.values())
    if isinstance(told, list):
        for one in told:
            yield from _everywhere(one)


def _place(raw: Raw, name: str) -> tuple[int, int]:
    for place, page in enumerate(raw["pages"]):
        for index, one in enumerate(page["elements"]):
            if isinstance(one, dict) and one.get("name") == name:
                return place, index
    raise NotFound("no_question", f"there is no question {name}", "name")


def _page_place(raw: Raw, name: str) -> int:
    for place, page in enumerate(raw["pages"]):
        if page["name"] == name:
            return place
    raise NotFound("no_page", f"there is no page {name}", "page")


def _names(raw: Raw) -> set[str]:
    return {str(one.get("name")) for one in _deep(list(questions_in(raw)))}


def _deep(elements: Any) -> Iterator[Raw]:
    """Elements and those in their groups; rows and repeated groups have names to themselves."""
    for one in _dicts(elements):
        yield one
        yield from _deep(one.get("elements"))


def _dicts(told: Any) -> list[Raw]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _name_all(things: Sequence[Raw], stem: str) -> None:
    """Give a name to each thing that has none, for cards are known by names."""
    taken = {one.get("name") for one in things}
    for one in things:
        if not one.get("name"):
            one["name"] = _free(stem, taken)
            taken.add(one["name"])


def _free(stem: str, taken: set[Any]) -> str:
    """The stem with the first number that makes a name nobody has.

    >>> _free("question", {"question1"})
    'question2'
    """
    number = 1
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"[-NAME_MAX:]
