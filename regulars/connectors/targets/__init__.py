"""Targets: what a file can become. Each is a plug-in with its fields, its writing and its undo."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from regulars.company.actions import Added
from regulars.connectors.fields import Field
from regulars.connectors.staging.stage import Shape, Unit
from regulars.core.registry import Registry
from regulars.customers.actions import CustomerRef


@dataclass(frozen=True)
class Writing:
    """What all writes of one batch share: its work, the name of the source, and the moment."""

    work_id: int
    source: str
    now: datetime


@dataclass(frozen=True)
class Outcome:
    """What became of one unit: new, known already, or refused with a reason and its field."""

    state: Literal["created", "known", "refused"]
    reason: str = ""
    field: str = ""
    id: int = 0


CREATED, KNOWN = Outcome("created"), Outcome("known")


@dataclass(frozen=True)
class Undone:
    """What one step of an undo did: removed, kept because others need it, and whether it ends."""

    removed: int
    kept: int
    is_last: bool


class Target(ABC):
    """One thing that files can become."""

    label: ClassVar[Any]
    hint: ClassVar[Any] = ""
    fields: ClassVar[tuple[Field, ...]]
    group_by: ClassVar[str] = ""
    unique: ClassVar[str] = ""
    ordered_by: ClassVar[str] = ""
    places: ClassVar[str] = ""
    takes_traits: ClassVar[bool] = False
    needs_one_of: ClassVar[tuple[str, ...]] = ()
    """Fields of which at least one has to be mapped, beside the required ones."""
    keeps_ids: ClassVar[bool] = False
    """Whether undo needs the ids of what was created, because the rows do not name their work."""

    def shape(self, mapping: Mapping[str, str]) -> Shape:
        """What staging has to know; columns mapped to traits become fields of their own."""
        traits = tuple(
            Field(name, name.removeprefix(TRAIT), "text", length_max=500)
            for name in mapping
            if is_trait(name)
        )
        return Shape(self.fields + traits, self.group_by, self.unique, self.ordered_by, self.places)

    def synonyms(self) -> dict[str, tuple[str, ...]]:
        """What headers usually call each field."""
        return {field.name: (str(field.label), *field.synonyms.split("|")) for field in self.fields}

    @abstractmethod
    def write(self, units: Sequence[Unit], writing: Writing) -> list[Outcome]:
        """Write a chunk in the caller's transaction, and say what became of each unit."""

    @abstractmethod
    def undo(self, work_id: int, *, count: int, now: datetime) -> Undone:
        """Take back at most so many of what an import wrote, in the caller's transaction."""


def outcomes_of(added: Sequence[Added]) -> list[Outcome]:
    """The answers of the company's bulk actions as outcomes."""
    return [
        Outcome("refused", one.refused.code, one.refused.field or "")
        if one.refused is not None
        else Outcome("created" if one.created else "known", id=one.id)
        for one in added
    ]


NAMING = ("customer", "card", "phone", "email")
"""The columns that may name a person, in the order in which they are believed."""


def customer_named(values: Mapping[str, Any], source: str) -> CustomerRef | None:
    """Whom a row names: the number in the source's own list of customers, a card, phone or mail."""
    for name in NAMING:
        if value := values.get(name):
            return CustomerRef(f"id@{source}" if name == "customer" else name, value)
    return None


TRAIT = "trait:"


def is_trait(name: str) -> bool:
    """Whether a mapping names a trait of a customer instead of a field."""
    return name.startswith(TRAIT) and len(name) > len(TRAIT)


targets: Registry[Target] = Registry("import_targets", package="regulars.connectors.targets")
