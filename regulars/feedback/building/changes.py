"""What is different between two definitions, question by question."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from regulars.feedback.building.edits import Raw, arranged, questions_in


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: of which element, in which property, what it was and what it is now."""

    kind: Literal["added", "removed", "moved", "changed"]
    element: str
    property: str = ""
    before: str = ""
    after: str = ""


def changes(old: Raw, new: Raw) -> list[Change]:
    """The differences, in the order of the new definition; removed questions come last.

    >>> before = {"elements": [{"type": "text", "name": "a"}]}
    >>> changes(before, {"elements": [{"type": "text", "name": "a", "isRequired": True}]})
    [Change(kind='changed', element='a', property='isRequired', before='', after='true')]
    """
    first, second = arranged(old), arranged(new)
    found = list(_of_one("", _head(first), _head(second)))
    pages = {page["name"]: page for page in first["pages"]}
    for page in second["pages"]:
        before = pages.pop(page["name"], None)
        found += _of_thing(page["name"], _bare(before), _bare(page))
    found += [Change("removed", name) for name in pages]
    return found + list(_of_questions(first, second))


def _of_questions(first: Raw, second: Raw) -> Iterator[Change]:
    known = {str(one.get("name")): one for one in questions_in(first)}
    places = _places(first)
    kept = [name for name in _places(second) if name in known]
    order = [name for name in places if name in set(kept)]
    for one in questions_in(second):
        name = str(one.get("name"))
        yield from _of_thing(name, known.pop(name, None), one)
        if name in places and order.index(name) != kept.index(name):
            yield Change("moved", name)
    yield from (Change("removed", name) for name in known)


def _of_thing(name: str, before: Raw | None, after: Raw | None) -> Iterator[Change]:
    if before is None:
        yield Change("added", name)
    elif after is not None:
        yield from _of_one(name, before, after)


def _of_one(name: str, before: Raw, after: Raw) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield Change("changed", name, key, _shown(before.get(key)), _shown(after.get(key)))


def _places(raw: Raw) -> list[str]:
    return [str(one.get("name")) for one in questions_in(raw)]


def _head(raw: Raw) -> Raw:
    """The definition without its pages; the extension block part by part."""
    head = {key: one for key, one in raw.items() if key not in ("pages", "regulars")}
    return head | {f"regulars.{key}": one for key, one in raw.get("regulars", {}).items()}


def _bare(page: Raw | None) -> Raw | None:
    return page and {key: one for key, one in page.items() if key != "elements"}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
