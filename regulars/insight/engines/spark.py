"""Spark: the same expressions on a cluster, for lakes that outgrow one machine."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import ibis

from regulars.core.spark import session_on
from regulars.insight.lake.fact import Fact

TYPES = {
    "int64": "BIGINT",
    "int32": "INT",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "STRING",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
}


class SparkEngine:
    """Runs expressions on a Spark master; every worker must reach the lake's folder."""

    def __init__(self, master: str) -> None:
        self._session = session_on(master)
        self._backend = ibis.pyspark.connect(self._session)
        self._turn = threading.Lock()

    def rows(
        self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]
    ) -> list[dict[str, Any]]:
        return list(self.table(expression, sources).to_pylist())

    def table(self, expression: Any, sources: Mapping[str, tuple[Fact, Sequence[str]]]) -> Any:
        # Views belong to the session, so threads take turns from naming the files to the answer.
        with self._turn:
            for name, (fact, paths) in sources.items():
                self._see(name, fact, paths)
            return self._backend.to_pyarrow(expression)

    def _see(self, name: str, fact: Fact, paths: Sequence[str]) -> None:
        schema = ", ".join(f"{column} {TYPES[kind]}" for column, kind in fact.columns.items())
        if paths:
            frame = self._session.read.schema(schema).parquet(*paths)
        else:
            frame = self._session.createDataFrame([], schema)
        frame.createOrReplaceTempView(name)
