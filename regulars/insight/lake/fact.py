"""What a fact of the lake is: a query of PostgreSQL, the columns it gives, and its month."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from regulars.core.registry import Registry

TYPES = {
    "int64": "BIGINT",
    "int32": "INTEGER",
    "float64": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
"""The types a column may have, as Ibis names them and as DuckDB does."""


@dataclass(frozen=True)
class Fact:
    """One kind of row in the lake.

    `rows` is a SELECT that gives exactly `columns`, in that order, `id` first; `%(zone)s` in it is
    the company's time zone. `day` names the column of local dates that decides the month. A fact
    without a day is a snapshot: a small table written anew whenever it changed.

    `source` is the table whose ids order the rows: ids are given once and never changed.
    """

    name: str
    source: str
    rows: str
    columns: Mapping[str, str] = field(default_factory=dict)
    day: str = "day"
    group: str = "trade"

    def __post_init__(self) -> None:
        unknown = set(self.columns.values()) - set(TYPES)
        assert not unknown, f"the fact {self.name} has columns of unknown types {unknown}"
        assert next(iter(self.columns)) == "id", f"the fact {self.name} does not begin with its id"

    @property
    def is_snapshot(self) -> bool:
        """Whether the whole table is written at once."""
        return not self.day

    @property
    def shape(self) -> str:
        """Tells the columns from other columns that the fact had before."""
        words = repr(list(self.columns.items()))
        return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest()

    @property
    def casts(self) -> dict[str, str]:
        """The columns with the types DuckDB gives them."""
        return {name: TYPES[kind] for name, kind in self.columns.items()}


facts: Registry[Fact] = Registry("facts", package="regulars.insight.facts")
