"""Records that say exactly the same: two of them stand for all."""

from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from regulars.customers.matching.tables import RECORDS
from regulars.customers.matching.traits import TRAITS

TWINS_MAX = 15
"""So many records may say the same; of more only two are compared.

A regular whose every visit is a record would fill every block past its limit by themselves, and
would then be compared with nobody, not even with themselves.
"""


class Twins(NamedTuple):
    """Records set aside, and beside each the first and second that say the same."""

    records: NDArray[np.int64]
    firsts: NDArray[np.int64]
    seconds: NDArray[np.int64]

    def joined(self, clusters: NDArray[np.int64]) -> NDArray[np.int64]:
        """The clusters with those set aside where the two that stand for them are, if in one."""
        leaders = clusters[self.firsts]
        whole = clusters.copy()
        whole[self.records] = np.where(leaders == clusters[self.seconds], leaders, self.records)
        return whole


def set_twins_aside(connection: duckdb.DuckDBPyConnection) -> Twins:
    """Take all but two of every large group of equal records out of `RECORDS`."""
    listed = ", ".join(TRAITS)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE twins AS
        SELECT record, min(record) OVER same AS first,
            nth_value(record, 2) OVER same AS second, row_number() OVER same AS place,
            count(*) OVER same AS size
        FROM {RECORDS} WHERE hash({listed}) IN (
            SELECT hash({listed}) FROM {RECORDS} GROUP BY ALL HAVING count(*) > {TWINS_MAX})
        WINDOW same AS (PARTITION BY {listed} ORDER BY record
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    """)
    connection.execute(f"DELETE FROM twins WHERE place <= 2 OR size <= {TWINS_MAX}")
    connection.execute(f"DELETE FROM {RECORDS} WHERE record IN (SELECT record FROM twins)")
    found = connection.execute("SELECT record, first, second FROM twins").fetchnumpy()
    return Twins(*(np.asarray(found[name], np.int64) for name in ("record", "first", "second")))
