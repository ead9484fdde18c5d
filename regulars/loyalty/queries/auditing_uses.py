"""The audit's pass over uses of lots: what spending took from them, added up outside the database.

Nearly all uses are of transfers by which a member spent. They are compared with these by weighed sums.
The transfers of all others, by which points came back, moved on or paid a debt, are looked at each by
itself: their numbers are kept.
"""

from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.loyalty.queries.auditing_passes import OF_LOTS, OF_SPENDING
from regulars.loyalty.queries.auditing_weights import ROWS_MAX, columns_of, weighed

if TYPE_CHECKING:
    from regulars.loyalty.queries.auditing_weights import Bits, Numbers

USES = """
    SELECT string_agg(int8send(transfer_id) || int8send(lot_id) || int8send(amount), ''::bytea)
    FROM loyalty_lotuse WHERE ctid >= '({},0)' AND ctid < '({},0)'
"""
"""The uses that lie on some pages of the table, from one to before another."""

OTHERS_MAX = 1_000_000
"""Of more other transfers the whole check is done the long way, which reads every use once more."""


class Uses:
    """What was used of lots; several threads may take uses at once."""

    def __init__(self, spent: "Bits", seed: int) -> None:
        self._spent = spent
        self._seed = seed
        self._lock = Lock()
        self._sums = np.zeros((2, 2), dtype=object)
        self._others: list[Numbers] = []

    def read(self, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Add up uses, by rows of `USES`; gives no rows of its own."""
        for (content,) in rows:
            transfers, lots, amounts = columns_of(content or b"", 3)
            for start in range(0, amounts.size, ROWS_MAX):
                part = slice(start, start + ROWS_MAX)
                self._add(transfers[part], lots[part], amounts[part])
        return []

    def _add(self, transfers: "Numbers", lots: "Numbers", amounts: "Numbers") -> None:
        of = self._is_spent(transfers)
        used = weighed(amounts, lots, self._seed + OF_LOTS)
        spent = weighed(amounts[of], transfers[of], self._seed + OF_SPENDING)
        with self._lock:
            self._sums += np.array([used, spent], dtype=object)
            if not of.all():
                self._others.append(np.unique(transfers[~of]))

    def _is_spent(self, transfers: "Numbers") -> Any:
        known = (transfers >= 0) & (transfers < 8 * self._spent.size)
        safe = np.where(known, transfers, 0)
        return known & ((self._spent[safe >> 3] >> (safe & 7).astype(np.uint8)) & 1).astype(bool)

    def found(self) -> tuple[list[int], list[int], list[int] | None]:
        """The weighed sums of what was used by lot and of what was spent by transfer, and the other
        transfers that use lots; None where they are too many."""
        used, spent = (list(sums) for sums in self._sums)
        if sum(part.size for part in self._others) > OTHERS_MAX:
            return used, spent, None
        others = np.unique(np.concatenate(self._others)) if self._others else np.zeros(0, np.int64)
        return used, spent, [int(one) for one in others]
