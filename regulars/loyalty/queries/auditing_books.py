"""The audit's pass over transfers: what they moved, added up outside the database.

The database only hands out the bytes that are hashed for the chain of seals. Taken as columns of
numbers they also say what every account was brought, whether two units met, and the weighed sums by
which transfers are compared with lots, uses and receipts. Kept are two numbers an account, and no
more transfers than one block holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from regulars.loyalty.queries.auditing_passes import GRANTING, IDS_MAX, OF_ACCRUALS, OF_SPENDING
from regulars.loyalty.queries.auditing_weights import ROWS_MAX, columns_of, weighed
from regulars.loyalty.queries.seals import COLUMNS, COUNTS, NOTHING, Block, broken_blocks

if TYPE_CHECKING:
    from regulars.loyalty.queries.auditing_weights import Numbers

KNOWN, MEMBER, QUALIFYING, GRANTS, ISSUED, SPENT = 1, 2, 4, 8, 16, 32
"""What is asked of an account: that it is there, a member's, of a unit that counts for tiers, one whose
transfers make lots, one that pays for receipts, one into which members spend. Above stands its unit."""
FLAGS = 6

ACCOUNTS = f"""
    SELECT string_agg(int8send(account.id) || int8send(coalesce(account.balance, 0))
        || int8send((account.unit_id << {FLAGS}) | {KNOWN}
        | CASE WHEN account.member_id IS NULL THEN 0 ELSE {MEMBER} END
        | CASE WHEN unit.kind = 'qualifying' THEN {QUALIFYING} ELSE 0 END
        | CASE WHEN account.pot IN {GRANTING} THEN {GRANTS} ELSE 0 END
        | CASE WHEN account.pot IN ('issued', 'partner') THEN {ISSUED} ELSE 0 END
        | CASE WHEN account.member_id IS NULL AND account.pot NOT IN ('reversed', 'adjusted')
            AND unit.kind <> 'qualifying' THEN {SPENT} ELSE 0 END), ''::bytea)
    FROM loyalty_account account JOIN loyalty_unit unit ON unit.id = account.unit_id
    WHERE account.id BETWEEN {{}} AND {{}}
"""

AMOUNT_MAX, ALL_MAX = 2**40, 2**62
"""Larger amounts, and more in all, are left to the database: here numbers would run over."""

SPARSE = 8
"""Accounts are found by their number where at most so many numbers stand for one that is there."""


class Books:
    """What transfers moved, from block to block; several threads may take blocks at once."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lock = Lock()
        self._parts: list[bytes] = []
        self._first = 0
        self._left = self._facts = np.zeros(0, np.int64)
        self.spent = np.zeros(0, np.uint8)
        self._sums = np.zeros((3, 2), dtype=object)
        self._rows = self._moved = 0
        self._is_sound = self._stay_in_units = True

    def read_accounts(self, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Keep accounts, by rows of `ACCOUNTS`; gives no rows of its own."""
        self._parts += [part for (part,) in rows if part]
        return []

    def open_accounts(self, last: int) -> None:
        """Lay the accounts that were read side by side, for transfers up to one; they come then."""
        self.spent = np.zeros(min(max(last, 0), IDS_MAX) // 8 + 1, np.uint8)
        ids, balances, facts = columns_of(b"".join(self._parts), 3)
        self._parts.clear()
        if not ids.size:
            return
        self._first = int(ids.min())
        width = int(ids.max()) - self._first + 1
        self._is_sound = width <= SPARSE * ids.size + ROWS_MAX and _within(
            -ALL_MAX, balances, ALL_MAX
        )
        if self._is_sound:
            self._left, self._facts = np.zeros(width, np.int64), np.zeros(width, np.int64)
            self._left[ids - self._first] = balances
            self._facts[ids - self._first] = facts

    def reader_of(self, blocks: Sequence[Block]) -> Callable[[Iterable[Any]], list[Any]]:
        """What takes the rows of such blocks, and gives those that are not as they were sealed."""
        return lambda rows: broken_blocks(blocks, rows, take=self.take)

    def take(self, content: bytes) -> None:
        """Add up the transfers of one block."""
        leaves = np.frombuffer(content, ">i8")[:-COUNTS].reshape(-1, COLUMNS)
        for start in range(0, len(leaves), ROWS_MAX):
            self._add(leaves[start : start + ROWS_MAX, :5].T.astype(np.int64, order="C"))

    def _add(self, columns: "Numbers") -> None:
        ids, sources, targets, amounts, _ = columns
        given, taken = self._places(sources), self._places(targets)
        is_small = _within(0, amounts, AMOUNT_MAX) and _within(0, ids, 8 * self.spent.size)
        if given is None or taken is None or not is_small:
            self._is_sound = False
            return
        giver, taker = self._facts[given], self._facts[taken]
        sums = [
            weighed(amounts[of], names[of], seed)
            for of, names, seed in self._compared(columns, giver, taker)
        ]
        spent = ids[_is_spent(giver, taker)]
        with self._lock:
            np.bitwise_or.at(self.spent, spent >> 3, np.uint8(1) << (spent & 7).astype(np.uint8))
            np.subtract.at(self._left, taken, amounts)
            np.add.at(self._left, given, amounts)
            self._sums += np.array(sums, dtype=object)
            self._rows += amounts.size
            self._moved += int(amounts.sum())
            self._stay_in_units &= not ((giver ^ taker) >> FLAGS).any()

    def _compared(
        self, columns: "Numbers", giver: "Numbers", taker: "Numbers"
    ) -> Iterator[tuple[Any, "Numbers", Any]]:
        """Which transfers are compared with lots, receipts and uses; by which ids and seeds."""
        ids, _, targets, _, accruals = columns
        granting = ((taker & (MEMBER | QUALIFYING)) == MEMBER) & ((giver & GRANTS) != 0)
        yield granting, ids, self._seed + targets[granting]
        yield ((giver & ISSUED) != 0) & (accruals != NOTHING), accruals, self._seed + OF_ACCRUALS
        yield _is_spent(giver, taker), ids, self._seed + OF_SPENDING

    def _places(self, ids: "Numbers") -> "Numbers | None":
        """Where accounts lie; None where one of them is not there."""
        places = ids - self._first
        if not _within(0, places, self._facts.size):
            return None
        return places if (self._facts[places] & KNOWN).all() else None

    def found(self) -> tuple[bool, bool, list[int], list[int], list[int], int] | None:
        """Whether balances follow, whether units stay apart, the weighed sums of grants, of what
        receipts posted and of what was spent, and how many transfers there are.

        None where numbers were too large, or an account is missing.
        """
        if not self._is_sound or self._moved >= ALL_MAX:
            return None
        follows = not self._left[(self._facts & MEMBER) != 0].any()
        grants, accruals, spent = (list(sums) for sums in self._sums)
        return follows, self._stay_in_units, grants, accruals, spent, self._rows


def _is_spent(giver: "Numbers", taker: "Numbers") -> Any:
    return ((taker & SPENT) != 0) & ((giver & MEMBER) != 0)


def _within(least: int, numbers: "Numbers", bound: int) -> bool:
    """Whether no number is below the least, and all are below the bound."""
    return not numbers.size or bool(least <= numbers.min() and numbers.max() < bound)
