"""Reading the inputs of a case: what nobody looked at is told, and what we do not offer is named."""

from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from typing import Any

from typing_extensions import override

Given = dict[str, Any]


class NotOffered(Exception):
    """A case asks for a way of doing things that the product does not have."""


class Told(Given):
    """What a case gives, with a note of each field that was asked for.

    Reading it as a whole, or unpacking it, asks for all of its fields.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__({name: told(value) for name, value in fields.items()})
        self.asked: set[str] = set()

    @override
    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    @override
    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    @override
    def __iter__(self) -> Iterator[str]:
        self.asked.update(super().keys())
        return super().__iter__()

    @override
    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    @override
    def keys(self) -> Any:
        self.asked.update(super().keys())
        return super().keys()

    @override
    def items(self) -> Any:
        self.asked.update(super().keys())
        return super().items()

    def unread(self, where: str = "") -> Iterator[str]:
        """The fields that nobody asked for, each with the way to it."""
        for name in dict.keys(self):
            way = f"{where}{name}"
            if name not in self.asked:
                yield way
            else:
                yield from unread_in(dict.get(self, name), way)


def told(value: Any) -> Any:
    """A value of a case whose fields remember that they were read."""
    if isinstance(value, dict):
        return Told(value)
    return [told(one) for one in value] if isinstance(value, list) else value


def unread_in(value: Any, where: str) -> Iterator[str]:
    """The fields below a value that nobody asked for.

    >>> given = told({"lines": [{"id": "A", "colour": "red"}], "cap": 5})
    >>> [line["id"] for line in given["lines"]]
    ['A']
    >>> list(given.unread())
    ['lines.colour', 'cap']
    """
    if isinstance(value, Told):
        yield from value.unread(f"{where}.")
    elif isinstance(value, list):
        yield from dict.fromkeys(way for one in value for way in unread_in(one, where))


def exact(value: Any) -> Fraction:
    """A number of a case, quoted or not, without any binary fraction."""
    return Fraction(str(value))


def one_of(what: str, value: Any, offered: Collection[str]) -> Any:
    """The value where it is among those offered, written with `_`; raises `NotOffered` if not.

    >>> one_of("order", "half-year", ("quarter", "half_year"))
    'half_year'
    """
    name = str(value).replace("-", "_")
    if name not in offered:
        raise NotOffered(f"no {what} {value}")
    return name
