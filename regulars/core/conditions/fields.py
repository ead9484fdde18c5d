"""What conditions may speak of: typed fields, in one catalogue per subject."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from regulars.core.errors import Refused

FieldType: TypeAlias = Literal[
    "text",
    "path",
    "number",
    "integer",
    "decimal",
    "boolean",
    "date",
    "datetime",
    "list of text",
    "anything",
]
"""A decimal is compared exactly; of anything one asks only whether it is there."""

OPEN_TYPES: dict[str, FieldType] = {
    "text": "text",
    "number": "decimal",
    "boolean": "boolean",
    "date": "date",
}
"""What the value of an open field may be compared as, by the word for it in JSON."""
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
    `key` is the name that people's own programs gave to a value of an open field, `name` then
    leads to all of them.
    """

    name: str
    type: FieldType
    label: Label
    operators: tuple[str, ...] | None = None
    choices: tuple[Choice, ...] | Callable[[], Sequence[Choice]] | None = None
    group: Label = ""
    key: str = ""

    def __post_init__(self) -> None:
        assert _NAME.fullmatch(self.name), f"{self.name!r} is no name of a field"
        assert self.type in get_args(FieldType), f"{self.type!r} is no type of a field"

    def current_choices(self) -> Sequence[Choice] | None:
        """The values open to this field now, or None where any value of its type is."""
        return self.choices() if callable(self.choices) else self.choices

    def __hash__(self) -> int:
        return hash(self.name)


class Seen(NamedTuple):
    """A name that an open field is known to have, and what its values are, where that is known."""

    key: str
    word: str = ""


@dataclass(frozen=True)
class _Called:
    """A label with the name that people gave, in the reader's language when it is shown."""

    label: Label
    key: str

    def __str__(self) -> str:
        return str(self.label) % {"key": self.key}


@dataclass(frozen=True)
class OpenField:
    """Values that people's own programs name and type as they like, such as traits.

    `called` is the label of one of them, with `%(key)s` for its name; `seen` gives names to
    choose from. In records and columns all of them stand under `name`, as `notes` has it.
    """

    name: str
    label: Label
    called: Label
    seen: Callable[[], Sequence[Seen]]
    group: Label = ""

    def __post_init__(self) -> None:
        assert _NAME.fullmatch(self.name), f"{self.name!r} is no name of a field"

    def of(self, key: str, type: FieldType) -> Field:
        """The field of one name, whose values are compared as this type."""
        return Field(self.name, type, _Called(self.called, key), group=self.group, key=key)

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
        self._open: dict[str, OpenField] = {}
        self._facts: dict[str, FactKind] = {}

    def add(self, *fields: Field) -> None:
        """Open these fields to conditions; a name is taken once."""
        for field in fields:
            assert field.name not in self._fields, f"two fields are named {field.name}"
            assert field.name not in self._facts, f"a fact is named {field.name} too"
            self._fields[field.name] = field

    def add_open(self, *fields: OpenField) -> None:
        """Open all that people name themselves under these fields to conditions."""
        for field in fields:
            assert field.name not in self._fields, f"a field is named {field.name} too"
            self._open[field.name] = field

    @property
    def open_fields(self) -> tuple[OpenField, ...]:
        """The fields below which people name what there is, in the order of their adding."""
        return tuple(self._open.values())

    def find_open(self, name: object) -> OpenField | None:
        """The open field of that name, if there is one."""
        return self._open.get(name) if isinstance(name, str) else None

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
