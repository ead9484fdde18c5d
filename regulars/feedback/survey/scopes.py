"""Where an expression finds the values of its variables."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from regulars.feedback.survey.scalars import Value, units_of


class _Missing:
    """What a name has that nothing is known of; an answer may be empty, but it is there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
Found = Any
"""A value, or MISSING."""


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a name such as `goods[0].price`: a name, and an index where one is given."""

    name: str
    index: int | None = None


@lru_cache(maxsize=4096)
def path_of(name: str) -> tuple[Step, ...]:
    """The steps that a name spells.

    >>> path_of("goods[0].price")
    (Step(name='goods', index=0), Step(name='price', index=None))
    """
    return tuple(_step(part) for part in name.split("."))


def _step(part: str) -> Step:
    match = re.fullmatch(r"(.*)\[\s*(-?\d+)\s*\]", part, re.DOTALL)
    return Step(match[1], int(match[2])) if match else Step(part)


def find(values: Value, path: Sequence[Step]) -> Found:
    """What lies at the path: the longest name that is there wins, letter case does not matter.

    >>> find({"a.b": 1, "A": {"b": 2}}, path_of("a.b"))
    1
    >>> find({"goods": [{"price": 5}]}, path_of("goods[-1].price"))
    5
    """
    value, at = values, 0
    while at < len(path):
        value, at = _longest(value, path, at)
        if value is MISSING:
            return MISSING
        value = item_of(value, path[at - 1].index)
    return value


def _longest(value: Value, path: Sequence[Step], start: int) -> tuple[Found, int]:
    end = next((at for at in range(start, len(path)) if path[at].index is not None), len(path) - 1)
    for last in range(end, start - 1, -1):
        found = _member(value, ".".join(step.name for step in path[start : last + 1]))
        if found is not MISSING:
            return found, last + 1
    return MISSING, start


def _member(value: Value, name: str) -> Found:
    if not name:
        return MISSING
    if name == "length" and isinstance(value, list | str):
        return units_of(value) if isinstance(value, str) else len(value)
    if not isinstance(value, Mapping):
        return MISSING
    if name in value:
        return value[name]
    folded = name.lower()
    return next((found for key, found in value.items() if key.lower() == folded), MISSING)


def item_of(value: Value, index: int | None) -> Found:
    """The item of a list at an index, counted from its end when negative."""
    if index is None or value is MISSING:
        return value
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return MISSING
    return value[index]


class Remembered(dict[str, Value]):
    """Answers that forget what was worked out from them as soon as one of them changes."""

    def __init__(self) -> None:
        super().__init__()
        self.truths: dict[str, bool] = {}

    def __setitem__(self, name: str, value: Value) -> None:
        self.truths.clear()
        super().__setitem__(name, value)

    def forget(self, name: str) -> None:
        """Take an answer away, if there is one."""
        self.truths.clear()
        self.pop(name, None)

    def replace(self, values: Mapping[str, Value]) -> None:
        """Have these answers and no others."""
        self.truths.clear()
        self.clear()
        self.update(values)


class Scope:
    """Values by name, for expressions outside a running survey."""

    truths: dict[str, bool] | None = None
    """Conditions that were looked at since the answers last changed, where that is remembered."""

    def __init__(self, values: Mapping[str, Value], *, now: datetime | None = None) -> None:
        self.values = values
        self._now = now

    @property
    def now(self) -> datetime:
        """The moment on the clock where the survey is answered."""
        assert self._now is not None, "an expression about today needs the moment"
        return self._now

    def find(self, name: str) -> Found:
        """The value of a variable, or MISSING."""
        return self.at(path_of(name))

    def at(self, path: Sequence[Step]) -> Found:
        """The value at a path, or MISSING."""
        return find(self.values, path)

    def shown(self, name: str, value: Value) -> Value:
        """A question's answer (or the given value of it) as people read it."""
        return None

    def trait(self, name: str, trait: str) -> Value:
        """A property of a question."""
        return None

    def comment(self, name: str, value: Value) -> Value:
        """The text beside a choice of a question."""
        return None

    def is_ready(self, name: str, index: Value) -> bool:
        """Whether everything in a page, a panel or a dynamic panel is answered rightly."""
        return False


class Nested(Scope):
    """A scope inside another one, which answers what this one does not know."""

    def __init__(self, outer: Scope) -> None:
        super().__init__({})
        self.outer = outer

    @property
    def now(self) -> datetime:
        return self.outer.now

    def own(self, path: Sequence[Step]) -> Found:
        """What this scope itself knows of a path."""
        return MISSING

    def at(self, path: Sequence[Step]) -> Found:
        found = self.own(path)
        return self.outer.at(path) if found is MISSING else found

    def shown(self, name: str, value: Value) -> Value:
        return self.outer.shown(name, value)

    def trait(self, name: str, trait: str) -> Value:
        return self.outer.trait(name, trait)

    def comment(self, name: str, value: Value) -> Value:
        return self.outer.comment(name, value)

    def is_ready(self, name: str, index: Value) -> bool:
        return self.outer.is_ready(name, index)


class Item(Nested):
    """The values of one row, before those of the survey around it."""

    def __init__(self, values: Mapping[str, Value], outer: Scope) -> None:
        super().__init__(outer)
        self.values = values

    def own(self, path: Sequence[Step]) -> Found:
        return find(self.values, path)


class Chosen(Nested):
    """One choice, which conditions of choices call `item`."""

    def __init__(self, value: Value, outer: Scope) -> None:
        super().__init__(outer)
        self.value = value

    def own(self, path: Sequence[Step]) -> Found:
        is_it = len(path) == 1 and path[0].name.lower() in ("item", "choice", "self")
        return self.value if is_it else MISSING


class Framed(Nested):
    """A row or a panel: its word (`row`, `panel`) leads to its values, names such as rowIndex too.

    The frames before and after it are `prevRow` and `nextRow`, `prevPanel` and `nextPanel`.
    """

    def __init__(self, frame: "FrameLike", neighbours: Sequence["FrameLike"], outer: Scope) -> None:
        super().__init__(outer)
        self.frame, self.neighbours = frame, neighbours

    def own(self, path: Sequence[Step]) -> Found:
        first = path[0].name.lower()
        if len(path) == 1:
            return next((v for k, v in self.frame.names.items() if k.lower() == first), MISSING)
        if first == self.frame.word:
            found = find(self.frame.values, path[1:])
            return None if found is MISSING else found
        if first in (f"prev{self.frame.word}", f"next{self.frame.word}"):
            return self._beside(-1 if first.startswith("prev") else 1, path[1:])
        if first == "parentpanel" and isinstance(self.outer, Framed):
            return self.outer.at([Step(self.outer.frame.word), *path[1:]])
        return MISSING

    def _beside(self, step: int, path: Sequence[Step]) -> Found:
        at = next(i for i, one in enumerate(self.neighbours) if one.key == self.frame.key) + step
        if not 0 <= at < len(self.neighbours):
            return None
        found = find(self.neighbours[at].values, path)
        return None if found is MISSING else found


class FrameLike(Protocol):
    """A row or panel as its scope sees it."""

    @property
    def key(self) -> str: ...
    @property
    def word(self) -> str: ...
    @property
    def values(self) -> Mapping[str, Value]: ...
    @property
    def names(self) -> Mapping[str, Value]: ...


def read_variable(scope: Scope, name: str) -> Value:
    """The value of a variable; a name like `'a': 1` is an object, a length of nothing is zero."""
    found = scope.find(name)
    if found is not MISSING:
        return found
    if name.endswith(".length"):
        return 0
    return _object_in(name) if name.find(":") > 0 else None


def _object_in(name: str) -> Value:
    try:
        return json.loads("{" + name + "}")
    except ValueError:
        return None
