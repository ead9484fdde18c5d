"""The table of all persons with what conditions ask, as one expression over the lake."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from regulars.core.conditions.tree import (
    Condition,
    Did,
    fields_of,
    fields_of_facts,
    performed_in,
)
from regulars.customers.knowledge import FACT_SOURCES, Lake, Source, sources_of

EVERYBODY = ("profiles",)


def facts_read(conditions: Collection[Condition]) -> frozenset[str]:
    """The facts of the lake that these conditions need."""
    names = set(EVERYBODY)
    for source in _sources(conditions):
        names |= set(source.reads)
    for condition in conditions:
        for did in performed_in(condition):
            names |= set(FACT_SOURCES[did.fact.name].reads)
    return frozenset(names)


def people_with(conditions: Sequence[Condition], lake: Lake, *, now: datetime) -> Any:
    """A row for each person: `person_id`, the fields, and a column for each test of what was done."""
    from regulars.core.conditions.performed import with_performed  # imports Ibis, which is slow

    asked = frozenset[str]().union(*map(fields_of, conditions))
    people = _people(asked, lake)
    dids = [did for condition in conditions for did in performed_in(condition)]
    return with_performed(people, conditions, facts=facts_of(dids, lake), key="person_id", now=now)


def facts_of(dids: Collection[Did], lake: Lake) -> dict[str, Any]:
    """The table of each kind of facts that these tests read, with the fields they read."""
    wanted: dict[str, frozenset[str]] = {}
    for did in dids:
        wanted[did.fact.name] = wanted.get(did.fact.name, frozenset()) | fields_of_facts(did)
    return {name: FACT_SOURCES[name].in_lake(lake, names) for name, names in wanted.items()}


def _people(asked: frozenset[str], lake: Lake) -> Any:
    people: Any = None
    for source in sorted(sources_of(asked), key=lambda one: one.reads != EVERYBODY):
        names = sorted(source.names & asked)
        if people is None and source.reads == EVERYBODY:
            people = source.in_lake(lake).select("person_id", *names)
            continue
        if people is None:
            people = lake["profiles"].select(person_id="id")
        people = _joined(people, source, names, lake=lake)
    return lake["profiles"].select(person_id="id") if people is None else people


def _joined(people: Any, source: Source, names: Sequence[str], *, lake: Lake) -> Any:
    known = source.in_lake(lake).select("person_id", *names).rename(known_id="person_id")
    joined = people.left_join(known, people.person_id == known.known_id).drop("known_id")
    filled = {
        name: joined[name].fill_null(_literal(source.otherwise[name], joined[name].type()))
        for name in names
        if name in source.otherwise
    }
    return joined.mutate(**filled) if filled else joined


def _literal(value: Any, kind: Any) -> Any:
    import ibis  # slow to import

    return ibis.literal(list(value), kind) if isinstance(value, tuple) else value


def _sources(conditions: Collection[Condition]) -> list[Source]:
    return sources_of(frozenset[str]().union(*map(fields_of, conditions)))
