"""How far a table may be read for good: ids are given in order, but rows appear out of order.

A transaction may take id 7, another take 8 and finish first. So an id is settled only when all
transactions that ran when it was the newest have ended; they hold a lock on their own virtual id
until their rows can be seen. What is newer than the settled id is written again by every run.
"""

from dataclasses import dataclass

from django.db import connection

from regulars.insight.lake.fact import Fact
from regulars.insight.models import LakeFact


@dataclass(frozen=True)
class Bounds:
    """Ids up to `settled` are final, ids up to `newest` can be seen now."""

    settled: int
    newest: int
    running: tuple[str, ...]


def bounds_of(fact: Fact, state: LakeFact) -> Bounds:
    """Where a fact stands now. Rows must be read after this, in a statement of their own."""
    settled = state.settled_id
    if not set(state.noted_running) & set(_running_transactions()):
        settled = max(settled, state.noted_id)
    newest = max(_newest_id(fact), settled)
    running = _running_transactions()
    return Bounds(newest if not running else settled, newest, running)


def _newest_id(fact: Fact) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT coalesce(max(id), 0) FROM "{fact.source}"')
        return int(cursor.fetchone()[0])


def _running_transactions() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualxid FROM pg_locks WHERE locktype = 'virtualxid' AND granted"
            " AND pid <> pg_backend_pid() AND mode = 'ExclusiveLock'"
        )
        return tuple(row[0] for row in cursor.fetchall())
