"""Engines that run the expressions of metrics: DuckDB in this process, or Spark on a cluster."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from regulars.environment import read
from regulars.insight.lake.fact import Fact, facts


class Engine(Protocol):
    """Runs an Ibis expression over tables that are Parquet files."""

    def rows(
        self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]
    ) -> list[dict[str, Any]]:
        """The expression's rows in order; `sources` gives fact and files of each table by name.

        Raises FileNotFoundError when a file was replaced meanwhile.
        """
        ...

    def table(self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]) -> Any:
        """The same as an Arrow table, for answers of many rows."""
        ...


@cache
def current_engine() -> Engine:
    """The engine of this process, as REGULARS_ENGINE names it."""
    return engine_for(read("REGULARS_ENGINE"))


def warm_up() -> None:
    """Has the engine of this process answer once, so that nobody waits for what it loads.

    The first answer of a process takes two seconds of a core for its libraries, all others none of
    that. A Spark session belongs to a cluster and is opened when it is asked.
    """
    if read("REGULARS_ENGINE") != "duckdb":
        return
    from regulars.insight.queries.metrics import tables

    stores = facts.get("stores")
    current_engine().rows(tables()[stores.name], {stores.name: (stores, ())})


def engine_for(setting: str) -> Engine:
    """The engine of a setting: `duckdb`, or a Spark master such as `spark://host:7077` or `local`."""
    if setting == "duckdb":
        from regulars.insight.engines.duckdb import DuckEngine

        return DuckEngine()
    from regulars.insight.engines.spark import SparkEngine

    return SparkEngine(setting)
