"""Spending over very many lots, and the audit of a large ledger, in a database of their own."""

import os
import time
from datetime import timedelta
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.ledger.books import ENTRIES, fill_books, seal_books
from regulars.cli.console import stop
from regulars.loyalty.actions import redeem_points
from regulars.loyalty.models import LotUse, Member, Program, Redemption
from regulars.loyalty.queries import audit

REDEEMING_GOAL_MS = 100
AUDIT_GOAL_S = 15

TURNS = 6
"""At most so many members spend in one run, so that a ledger which is kept can be measured again."""


BARE_LOTS = """
    CREATE TEMPORARY TABLE bare_lot (id bigint PRIMARY KEY, remaining bigint);
    CREATE TEMPORARY TABLE bare_use (lot_id bigint, amount bigint);
    INSERT INTO bare_lot SELECT n, 1 FROM generate_series(1, {lots}) n;
"""

BARE_SPENDING = """
    WITH uses AS (INSERT INTO bare_use SELECT id, remaining FROM bare_lot)
    UPDATE bare_lot SET remaining = 0
"""

BARE_SCAN = "SELECT sum(amount) FROM loyalty_transfer"


def measure_ledger(*, entries: int, lots: int, probes: int) -> dict[str, Any]:
    """Milliseconds to spend `lots` lots at once, and seconds to audit so many entries, all sealed.

    Entries are transfers. The audit is made once, as after starting the program; it must be clean.
    Beside each stands what the database needs at least: to write as many rows into tables that keep
    nothing and look after nothing, and to sum one column of the transfers on one connection.
    """
    now = moment_of_now()
    program = Program.objects.filter(code="bench").first()
    if program is None:
        members = max(entries // ENTRIES, 1)
        start = now - timedelta(days=450)
        program = fill_books(members=members, probes=probes, lots=lots, start=start)
    redeeming = _redeemed(program, lots=lots)
    seal_books(now=moment_of_now())
    bare_s = _seconds_of(BARE_SCAN)
    began = time.perf_counter()
    found = audit(moment_of_now())
    seconds = time.perf_counter() - began
    if found.mismatches:
        stop(f"the ledger is wrong: {found.mismatches[0]}")
    return {
        "redeeming": redeeming,
        "audit": {"seconds": round(seconds, 2), "bare_s": round(bare_s, 2), **found.counts},
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "good": redeeming["median_ms"] < REDEEMING_GOAL_MS and seconds < AUDIT_GOAL_S,
    }


def _redeemed(program: Program, *, lots: int) -> dict[str, Any]:
    """Each probe spends all its lots at once, through the action that tills use."""
    spent = set(Redemption.objects.filter(amount=lots).values_list("member_id", flat=True))
    probes = Member.objects.filter(program=program, visits=0).exclude(pk__in=spent).order_by("pk")
    probes = probes[:TURNS]
    times = []
    for member in probes:
        began = time.perf_counter()
        done = redeem_points(member, lots, key=f"probe:{member.pk}", now=moment_of_now())
        times.append((time.perf_counter() - began) * 1_000)
        used = LotUse.objects.filter(transfer_id__gt=0, lot__account__member=member).count()
        assert used == done.amount == lots, "each lot paid its point"
    if not times:
        stop("all probes of this folder have spent their lots; measure in another one", code=2)
    return {
        "lots": lots,
        "times": len(times),
        "median_ms": round(median(times), 1),
        "worst_ms": round(max(times), 1),
        "bare_ms": round(median(_bare_spending(lots) for _ in times), 1),
    }


def _bare_spending(lots: int) -> float:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BARE_LOTS.format(lots=lots))
        taken_ms = _seconds_of(BARE_SPENDING) * 1_000
        transaction.set_rollback(True)
        return taken_ms


def _seconds_of(statement: str) -> float:
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        began = time.perf_counter()
        cursor.execute(statement)
        seconds = time.perf_counter() - began
        cursor.execute("RESET max_parallel_workers_per_gather")
        return seconds
