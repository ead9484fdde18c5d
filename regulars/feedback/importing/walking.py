"""Finding one's way in a definition as JSON, whatever is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Raw = dict[str, Any]
HOLDERS = ("pages", "elements", "questions", "templateElements", "columns", "items")
DEPTH_MAX = 60
Origin = Mapping[int, str]
"""Paths in the file that was sent, by the identity of the element."""
NOWHERE: Origin = {}
GONE = object()
"""Stands where something was left out until `purge` takes it away; places stay as they are till then."""


@dataclass(frozen=True, slots=True)
class Spot:
    """An element of a definition: its path as people write it, the list that holds it, and where."""

    path: str
    holder: list[Any]
    index: int

    @property
    def element(self) -> Raw:
        """The element itself; without properties where something else stands there."""
        found = self.holder[self.index]
        return found if isinstance(found, dict) else {}

    @property
    def is_there(self) -> bool:
        """Whether it has not been left out."""
        return self.holder[self.index] is not GONE


def spots(raw: Raw, origin: Origin = NOWHERE, path: str = "", depth: int = 0) -> Iterator[Spot]:
    """Every page, panel, question, column and item, outer ones first, with its path in the file."""
    if depth > DEPTH_MAX:
        return
    for key in HOLDERS:
        held = raw.get(key)
        if not isinstance(held, list):
            continue
        for index, one in enumerate(held):
            if isinstance(one, dict):
                spot = Spot(origin.get(id(one), f"{path}{key}[{index}]"), held, index)
                yield spot
                yield from spots(one, origin, f"{spot.path}.", depth + 1)


def spot_of(raw: Raw, element: str, origin: Origin = NOWHERE) -> Spot | None:
    """The element that a problem names: by name, by `page 2`, `page1, 3` or `question.column`."""
    found = [spot for spot in spots(raw, origin) if spot.element.get("name") == element]
    if found:
        return found[0]
    outer, _comma, number = element.rpartition(", ")
    if number.isdigit() and (held := _elements_of(raw, outer, origin)):
        path, elements = held
        index = int(number) - 1
        return Spot(f"{path}[{index}]", elements, index) if index < len(elements) else None
    if element.startswith("page ") and element[5:].isdigit():
        pages, index = raw.get("pages", []), int(element[5:]) - 1
        return Spot(f"pages[{index}]", pages, index) if index < len(pages) else None
    outer, _dot, inner = element.rpartition(".")
    around = spot_of(raw, outer, origin) if outer else None
    return spot_of(around.element, inner, origin) if around else None


def _elements_of(raw: Raw, name: str, origin: Origin) -> tuple[str, list[Any]] | None:
    spot = spot_of(raw, name, origin)
    around, path = (spot.element, f"{spot.path}.") if spot else (raw, "")
    for key in ("elements", "questions"):
        if isinstance(around.get(key), list):
            return f"{path}{key}", around[key]
    return None


def purge(told: Any) -> None:
    """Take away what was left out; what stays is the same objects, so that their paths are known."""
    if isinstance(told, list):
        told[:] = [one for one in told if one is not GONE]
    elif isinstance(told, dict):
        for key in [key for key, one in told.items() if one is GONE]:
            del told[key]
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        purge(one)
