"""What conditions may speak of: typed fields, in one catalogue per subject."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from regulars.core.errors import Refused

FieldType: TypeAlias = Literal[
    "text", "path", "number", "integer", "boolean", "date", "datetime", "list of text"
]
Label: TypeAlias = object
"""A text, or a lazy translation that becomes one when it is shown."""

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


@dataclass(frozen=True)
class Choice:
    """One of the values that a field can have, and what people call it."""

    value: str | int
    label: Label


@dataclass(frozen=True)
class Field:
    """A fact that a condition may test: its name in records and columns, its type and its label.

    `operators` narrows what the type allows; `choices` narrows the values (a function where they
    live in a table). `label` may be a lazy translation, hence it is any object with a `str`.
    """

    name: str
    type: FieldType
    label: Label
    operators: tuple[str, ...] | None = None
    choices: tuple[Choice, ...] | Callable[[], Sequence[Choice]] | None = None
    group: Label = ""

    def __post_init__(self) -> None:
        assert _NAME.fullmatch(self.name), f"{self.name!r} is no name of a field"
        assert self.type in get_args(FieldType), f"{self.type!r} is no type of a field"

    def current_choices(self) -> Sequence[Choice] | None:
        """The values open to this field now, or None where any value of its type is."""
        return self.choices() if callable(self.choices) else self.choices

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class FactKind:
    """A kind of thing that a subject does again and again: its name, and what is known of each.

    In a record, the fact's name leads to rows of its fields, each with its moment `at` and an
    `id`. A fact is counted by its rows, or by distinct values of `counted_by`: lines of receipts
    by their receipt, so that two packs of coffee bought at once are one time. `label` is the name
    of many of them, such as "Purchases".
    """

    name: str
    label: Label
    fields: "Catalogue"
    counted_by: str | None = None

    def __hash__(self) -> int:
        return hash(self.name)


class Catalogue:
    """The fields of one subject (a customer, a sale), added by the domains that know them."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self._fields: dict[str, Field] = {}
        self._facts: dict[str, FactKind] = {}

    def add(self, *fields: Field) -> None:
        """Open these fields to conditions; a name is taken once."""
        for field in fields:
            assert field.name not in self._fields, f"two fields are named {field.name}"
            assert field.name not in self._facts, f"a fact is named {field.name} too"
            self._fields[field.name] = field

    def add_facts(self, *kinds: FactKind) -> None:
        """Open kinds of facts to conditions; a name is taken once, by a field or a fact."""
        for kind in kinds:
            assert kind.name not in self._facts, f"two facts are named {kind.name}"
            assert kind.name not in self._fields, f"a field is named {kind.name} too"
            self._facts[kind.name] = kind

    @property
    def facts(self) -> tuple[FactKind, ...]:
        """The kinds of facts, in the order in which they were added."""
        return tuple(self._facts.values())

    def find_fact(self, name: object) -> FactKind | None:
        """The kind of facts of that name, if there is one."""
        return self._facts.get(name) if isinstance(name, str) else None

    def get(self, name: str) -> Field:
        """The field of that name; `Refused` when there is none."""
        if name not in self._fields:
            raise Refused("unknown_field", f"there is no field {name!r}", "field")
        return self._fields[name]

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())


_catalogues: dict[str, Catalogue] = {}


def catalogue(subject: str) -> Catalogue:
    """The installation's catalogue of that subject; made when it is first asked for."""
    return _catalogues.setdefault(subject, Catalogue(subject))
