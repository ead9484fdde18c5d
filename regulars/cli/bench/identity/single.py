"""One new record at a time against many known ones: how long until it belongs to somebody.

A record counts as resolved when its transaction is committed: `learn_customers` was called with this
one record; it keeps what was said, claims identities, writes block keys, looks up and compares all
candidates, brings merges and their ledger in line, projects the profile, tells the other domains by
events, and answers which person the record belongs to. Not counted is what follows: handlers of
other domains, and comparing others anew whose block became too large by the new one
(`afterwards_ms`, per record).

Before the clock starts the database's files are read once, so that they lie in memory as with a
server that has been running, and the process is set up as the web server's are.
"""

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import psycopg
from django.db import connection
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.identity.known import (
    SOURCE,
    file_of_people,
    held_out,
    known_records,
    load_known,
)
from regulars.cli.bench.identity.people import Row
from regulars.core.errors import Refused
from regulars.customers.actions import ProfileInput, learn_customers, resolve_due
from regulars.customers.actions.comparing import traits_kept
from regulars.customers.matching import HASH_MAX_SQL, block_keys, key_hash
from regulars.customers.models import Comparable, Customer, SourceRecord
from regulars.customers.rules.profiles import clean_facts

GOAL_MS = 20.0
WARM_UP = 20
"""Records before the measured ones: a process plans its statements once."""


def measure_single(folder: Path, *, records: int, probes: int) -> dict[str, Any]:
    """Make the database if it is not there, then resolve new records one by one."""
    file = file_of_people(folder, records=records)
    if known_records() < records:
        load_known(file)
    waiting = _waiting(held_out(file), wanted=probes + WARM_UP)
    _read_into_memory()
    gc.collect()
    gc.freeze()
    for entry in waiting[:WARM_UP]:
        _resolve(entry)
    took, spent, after, bare, statements = [], [], [], [], _Counted()
    server = psutil.Process(connection.connection.info.backend_pid)
    at_server = 0.0
    for entry in waiting[WARM_UP:]:
        at_server -= _processor_s(server)
        started_s, before_s = time.perf_counter(), time.process_time()
        with connection.execute_wrapper(statements):
            customer_id = _resolve(entry)
        took.append(time.perf_counter() - started_s)
        spent.append(time.process_time() - before_s)
        at_server += _processor_s(server)
        after.append(_seconds_of_others())
        bare.append(_bare(customer_id))
    return {
        "known": known_records() - len(waiting),
        "resolved": len(took),
        "merged": _merged(waiting[WARM_UP:]),
        **_spread("ms", took),
        "cpu_ms": _ms(sum(spent) / len(spent)),
        "server_cpu_ms": _ms(at_server / len(took)),
        "statements": round(statements.count / len(took), 1),
        "afterwards_ms": _ms(sum(after) / len(after)),
        "bare": _spread("ms", bare),
        "times_bare": round(median(took) / median(bare), 2),
        "goal_ms": GOAL_MS,
        "good": _ms(median(took)) <= GOAL_MS,
    }


def _read_into_memory() -> None:
    """Read the files of all tables and indexes, where the server runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
        cursor.execute(
            "SELECT pg_relation_filepath(oid) FROM pg_class"
            " WHERE relkind IN ('r', 'i') AND pg_relation_size(oid) > 0"
        )
        files = [folder / row[0] for row in cursor.fetchall()]
    for first in files:
        for part in (first, *first.parent.glob(f"{first.name}.[0-9]*")):
            if part.is_file():
                with part.open("rb", buffering=0) as file:
                    while file.read(1 << 20):
                        pass


def _processor_s(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def _waiting(rows: Sequence[Row], *, wanted: int) -> list[ProfileInput]:
    """The next held-out records that are not known yet; what earlier runs took in stays."""
    names = SourceRecord.objects.filter(source=SOURCE, outside_id__startswith="h")
    known = set(names.values_list("outside_id", flat=True))
    new = [entry for row in rows if (entry := _entry(row)).outside_id not in known]
    if len(new) < wanted:
        raise Refused("all_known", "the folder has not so many new records left: use another one")
    return new[:wanted]


def _entry(row: Row) -> ProfileInput:
    """The record as a source would send it, but for facts that no profile takes."""
    facts: dict[str, Any] = {}
    for name, value in row.items():
        if name != "id" and value:
            try:
                facts |= clean_facts({name: value}, today=moment_of_now().date())
            except Refused:
                continue
    return ProfileInput(f"h{row['id']}", facts)


def _resolve(entry: ProfileInput) -> int:
    now = moment_of_now()
    (learned,) = learn_customers([entry], source=SOURCE, now=now)
    return learned.customer_id


def _seconds_of_others() -> float:
    """Seconds that comparing others anew takes, whose block crossed the largest size."""
    if not Comparable.objects.filter(due=True).exists():
        return 0.0
    started_s = time.perf_counter()
    resolve_due(now=moment_of_now())
    return time.perf_counter() - started_s


class _Counted:
    """Counts the statements that pass; those of the transaction itself do not."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], *told: Any) -> Any:
        self.count += 1
        return execute(*told)


_LOOK = f"""SELECT DISTINCT found.customer_id FROM unnest(%s::bigint[]) AS asked (key), LATERAL (
    SELECT customer_id FROM customers_blockkey WHERE key = asked.key
    LIMIT {HASH_MAX_SQL.format("asked.key")} + 1) found"""


def _bare(customer_id: int) -> float:
    """Seconds of the least any program must do: look up those who share a key, read them, commit a row."""
    keys = [key_hash(key) for key in block_keys(traits_kept([customer_id])[customer_id])]
    started_s = time.perf_counter()
    raw = connection.connection
    with raw.transaction():
        cursor = psycopg.Cursor(raw)
        ids = cursor.execute(_LOOK, [keys], prepare=True).fetchall()
        cursor.execute(
            "SELECT traits::text FROM customers_comparable WHERE customer_id = ANY(%s::bigint[])",
            [[row[0] for row in ids]],
            prepare=True,
        ).fetchall()
        cursor.execute(
            "UPDATE customers_comparable SET due = false WHERE customer_id = %s::bigint",
            [customer_id],
            prepare=True,
        )
    return time.perf_counter() - started_s


def _merged(entries: Sequence[ProfileInput]) -> int:
    names = [entry.outside_id for entry in entries]
    mine = SourceRecord.objects.filter(source=SOURCE, outside_id__in=names).values("customer")
    return Customer.objects.filter(pk__in=mine, merged_into__isnull=False).count()


def _spread(unit: str, seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    shares = {"median": 0.5, "p90": 0.9, "p99": 0.99}
    return {
        f"{name}_{unit}": _ms(ordered[int(len(ordered) * share)]) for name, share in shares.items()
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
