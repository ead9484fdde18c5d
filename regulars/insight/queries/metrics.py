"""Results of metrics: kept ones where the lake has not changed, fresh ones otherwise."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from regulars.insight.engines import current_engine
from regulars.insight.lake.fact import Fact, facts
from regulars.insight.lake.files import lake_folder
from regulars.insight.metrics import Metric, Tables, metrics
from regulars.insight.models import LakeFact, LakePart, MetricResult
from regulars.insight.rules.scope import Scope

ATTEMPTS = 3
"""A run of the lake may replace files while they are read; the list is then read again."""

Rows = list[dict[str, Any]]
Paths = dict[str, list[str]]
Expression = Callable[[Tables, Scope], Any]


@dataclass(frozen=True)
class Ask:
    """A metric, what it is asked about, and its settings."""

    kind: str
    scope: Scope
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> Metric:
        """The metric with its settings; `Refused` when there is no such kind."""
        return metrics.get(self.kind)(**self.settings)


def measured(asks: Mapping[str, Ask], *, now: datetime) -> dict[str, dict[str, Any]]:
    """The results by the names of the asks. Two statements where nothing changed since.

    What must be computed is kept for the next time, so a result is computed once for each state
    of the lake.
    """
    versions = dict(LakeFact.objects.values_list("name", "version"))
    keys = {name: _key(ask, versions) for name, ask in asks.items()}
    kept = MetricResult.objects.filter(key__in=keys.values())
    known = dict(kept.values_list("key", "body"))
    missing = {keys[name]: ask for name, ask in asks.items() if keys[name] not in known}
    if missing:
        fresh = _computed(missing)
        MetricResult.objects.bulk_create(
            [
                MetricResult(key=key, kind=missing[key].kind, body=body, made_at=now)
                for key, body in fresh.items()
            ],
            ignore_conflicts=True,
        )
        known |= fresh
    return {name: known[key] for name, key in keys.items()}


def run_tables(make: Callable[[Tables], Any], names: Collection[str]) -> Any:
    """The answer of an expression that `make(tables)` gives, as an Arrow table, whatever its size."""
    for attempt in range(ATTEMPTS):
        try:
            paths = _paths(names)
            sources = {name: (facts.get(name), paths.get(name, [])) for name in names}
            return current_engine().table(make(tables()), sources)
        except FileNotFoundError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError


@cache
def tables() -> dict[str, Any]:
    """An unbound Ibis table for each fact, which any engine can run."""
    import ibis  # slow to import, and not every process asks a metric

    return {name: ibis.table(dict(fact.columns), name=name) for name, fact in facts.kinds().items()}


def _computed(asks: Mapping[str, Ask]) -> dict[str, dict[str, Any]]:
    found = {}
    paths = _paths({name for ask in asks.values() for name in ask.metric.facts})
    for key, ask in asks.items():
        metric = ask.metric
        rows = _run(metric.expression, metric.facts, ask.scope, paths)
        found[key] = json.loads(json.dumps(metric.result(rows, ask.scope)))
    return found


def _run(make: Expression, names: Collection[str], scope: Scope, paths: Paths) -> Rows:
    for _ in range(ATTEMPTS - 1):
        try:
            return _run_once(make, names, scope, paths)
        except FileNotFoundError:
            paths = _paths(names)
    return _run_once(make, names, scope, paths)


def _run_once(make: Expression, names: Collection[str], scope: Scope, paths: Paths) -> Rows:
    sources: dict[str, tuple[Fact, list[str]]] = {
        name: (facts.get(name), paths.get(name, [])) for name in names
    }
    return current_engine().rows(make(tables(), scope), sources)


def _paths(names: Collection[str]) -> Paths:
    found: Paths = {}
    folder = lake_folder()
    parts = LakePart.objects.filter(fact__in=names).order_by("path")
    for fact, path in parts.values_list("fact", "path"):
        found.setdefault(fact, []).append(str(folder / path))
    return found


def _key(ask: Ask, versions: Mapping[str, int]) -> str:
    metric = ask.metric
    seen = {name: versions.get(name, 0) for name in metric.facts}
    words = [ask.kind, metric.revision, metric.model_dump(mode="json"), ask.scope.key, seen]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()
