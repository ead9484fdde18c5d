"""DuckDB, embedded: one database in memory per process, one cursor per thread."""

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import duckdb
import ibis

from regulars.insight.lake.fact import Fact


class DuckEngine:
    """Runs expressions in this process, over Parquet files on its disk."""

    def __init__(self) -> None:
        self._database = duckdb.connect(config={"memory_limit": "2GB"})
        self._here = threading.local()

    def rows(
        self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]
    ) -> list[dict[str, Any]]:
        return list(self.table(expression, sources).to_pylist())

    def table(self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]) -> Any:
        backend = self._backend()
        try:
            for name, (fact, paths) in sources.items():
                self._see(name, fact, tuple(paths))
            return backend.to_pyarrow(expression)
        except duckdb.IOException as error:
            self._here.seen.clear()
            raise FileNotFoundError(str(error)) from error

    def _backend(self) -> Any:
        """A connection of this thread's own: cursors share the database and nothing else."""
        if not hasattr(self._here, "backend"):
            self._here.cursor = self._database.cursor()
            self._here.backend = ibis.duckdb.from_connection(self._here.cursor)
            self._here.seen = {}
        return self._here.backend

    def _see(self, name: str, fact: Fact, paths: tuple[str, ...]) -> None:
        if self._here.seen.get(name) == paths:
            return
        files, cursor = _files(fact, paths), self._here.cursor
        there = {told[0] for told in cursor.execute(f"DESCRIBE SELECT * FROM {files}").fetchall()}
        cursor.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {_columns(fact, there)} FROM {files}"
        )
        self._here.seen[name] = paths


def _columns(fact: Fact, there: Collection[str]) -> str:
    """The columns of a fact; those that files of an earlier release do not have are null."""
    read = {name: f'"{name}"' if name in there else "NULL" for name in fact.columns}
    return ", ".join(
        f'CAST({read[name]} AS {kind}) AS "{name}"' for name, kind in fact.casts.items()
    )


def _files(fact: Fact, paths: tuple[str, ...]) -> str:
    if not paths:
        nothing = ", ".join(f'NULL AS "{name}"' for name in fact.columns)
        return f"(SELECT {nothing} WHERE false)"
    names = ", ".join(f"'{path}'" for path in paths)
    return f"read_parquet([{names}], hive_partitioning = false)"
