"""What conditions over customers may ask, and where each answer lies.

Each domain adds sources in its `known` module: fields that are known together, and kinds of facts.
A source says how its values are read for a batch of persons from the database, in one statement,
and how they follow for everybody from the lake. A test holds the two to the same values.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from regulars.core.conditions.fields import FactKind, Field, OpenField, catalogue
from regulars.core.sql import int_array

CUSTOMER = catalogue("customer")
"""The catalogue that conditions over customers are checked against."""


@dataclass(frozen=True)
class Persons:
    """A batch of persons: each leading record with all records of the person."""

    records: Mapping[int, Sequence[int]]

    @property
    def arrays(self) -> dict[str, str]:
        """The pairs of leading record and record, for `unnest(%(leads)s, %(records)s)`."""
        pairs = [(lead, one) for lead, records in self.records.items() for one in records]
        return {
            "leads": int_array(lead for lead, _ in pairs),
            "records": int_array(one for _, one in pairs),
        }


PERSON = "unnest(%(leads)s::bigint[], %(records)s::bigint[]) AS person (lead_id, id)"
"""What statements of sources read from: the batch, a row for each record."""


@dataclass(frozen=True)
class Lake:
    """The tables of the lake, and the way from the record a row came in by to the person."""

    tables: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.tables[name]

    def by_person(self, table: Any, *columns: str) -> Any:
        """These columns of the table's rows of known customers, and `person_id`; all without names."""
        merged = self.tables["persons"].select(merged_id="customer_id", lead_id="person_id")
        known = table.filter(table.customer_id.notnull())
        joined = known.left_join(merged, known.customer_id == merged.merged_id)
        kept = columns or [name for name in table.columns if name != "customer_id"]
        return joined.select(*kept, person_id=joined.lead_id.coalesce(joined.customer_id))


Load: TypeAlias = Callable[[Persons, datetime], Mapping[int, Mapping[str, Any]]]
LoadFacts: TypeAlias = Callable[
    [Persons, datetime | None], Mapping[int, Sequence[Mapping[str, Any]]]
]
InLake: TypeAlias = Callable[[Lake], Any]
FactsInLake: TypeAlias = Callable[[Lake, frozenset[str]], Any]


@dataclass(frozen=True)
class Source:
    """Fields that are known together.

    `load` gives values by leading record and name of field; `in_lake` a table of `person_id` and
    the fields, a row for each person at most. Who has no row has the values of `otherwise`.
    `reads` names the facts of the lake that are read. `opened` are fields below which people name
    what there is; their values are notes.
    """

    fields: tuple[Field, ...]
    load: Load
    in_lake: InLake
    reads: tuple[str, ...]
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    opened: tuple[OpenField, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields, open ones too."""
        known = frozenset(one.name for one in self.fields)
        return known | {one.name for one in self.opened}


@dataclass(frozen=True)
class FactSource:
    """A kind of facts: rows with `id`, `at` and the fields of the kind.

    `load` gives the rows of a batch of persons from a moment on, or all; `in_lake` a table of them
    with `person_id`, `at` in UTC without a zone, what they are counted by and the fields of those
    names; it need not have the others. `load_open` reads as `load` does, with what people name
    themselves, which takes longer.
    """

    kind: FactKind
    load: LoadFacts
    in_lake: FactsInLake
    reads: tuple[str, ...]
    load_open: LoadFacts | None = None


SOURCES: list[Source] = []
FACT_SOURCES: dict[str, FactSource] = {}


def know(source: Source) -> None:
    """Open the fields of a source to conditions over customers."""
    CUSTOMER.add(*source.fields)
    CUSTOMER.add_open(*source.opened)
    SOURCES.append(source)


def know_facts(source: FactSource) -> None:
    """Open a kind of facts to conditions over customers."""
    CUSTOMER.add_facts(source.kind)
    FACT_SOURCES[source.kind.name] = source


def sources_of(names: frozenset[str]) -> list[Source]:
    """The sources that know some of these fields."""
    return [source for source in SOURCES if source.names & names]
