"""Events accepted durably and checked per second, beside the bare limit in the same run.

Both run on the same server with the same number of processes, under the same load generator. The
product looks up the key, checks every event against a tracking plan and commits to PostgreSQL; the
bare one only decodes, appends to a file and calls fdatasync. They take turns.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from django.utils.timezone import now as moment_of_now

from regulars.cli.bench.bare_door import FILE
from regulars.cli.bench.posting import database_of_its_own
from regulars.cli.serve import WORKERS, web_server
from regulars.connectors.actions import SourceWish, open_event_source, publish_plan
from regulars.connectors.collect.parcels import frames
from regulars.connectors.models import DeadLetter, Parcel

CONNECTIONS = {1: 256, 100: 32}
"""Connections that keep a request under way each, by how many events are in a request."""

ROUNDS = 3
PLAN = {
    "type": "object",
    "required": ["product_id", "price", "currency"],
    "properties": {
        "product_id": {"type": "string", "minLength": 1},
        "sku": {"type": "string"},
        "price": {"type": "number", "minimum": 0},
        "quantity": {"type": "integer", "minimum": 1},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "position": {"type": "integer"},
    },
}


def measure_collect(*, seconds: float) -> dict[str, Any]:
    """For single events and batches of 100: the product's and the bare rate, and their ratio."""
    with database_of_its_own(), environment_of_children(), tempfile.TemporaryDirectory() as folder:
        now = moment_of_now()
        source = open_event_source("bench", SourceWish("Bench", mode="block"), now=now)
        publish_plan({"Product Viewed": PLAN}, source=None, only_planned=True, now=now)
        os.environ[FILE] = str(Path(folder) / "bare")
        with (
            web_server(workers=WORKERS) as product,
            web_server(workers=WORKERS, application=BARE) as bare,
        ):
            doors = {"product": product, "bare": bare}
            sizes = [
                _measured(doors, source.write_key, size=size, seconds=seconds)
                for size in CONNECTIONS
            ]
    return {"sizes": sizes, "processes": WORKERS, "connections": CONNECTIONS}


def _measured(doors: dict[str, str], key: str, *, size: int, seconds: float) -> dict[str, Any]:
    product, bare = [], []
    for _round in range(ROUNDS):
        Parcel.objects.all().delete()
        product.append(_load(doors["product"], key, size=size, seconds=seconds))
        product[-1]["kept"] = _kept()
        bare.append(_load(doors["bare"], key, size=size, seconds=seconds))
        for file in Path(os.environ[FILE]).parent.iterdir():
            os.truncate(file, 0)
    mine, least = (median(run["per_second"] for run in runs) for runs in (product, bare))
    return {
        "size": size,
        "per_second": mine,
        "bare_per_second": least,
        "ratio": round(mine / least, 3),
        "p99_ms": median(run["p99_ms"] for run in product),
        "all_kept": all(run["kept"] >= run["events"] and not run["failed"] for run in product),
        "dead_letters": DeadLetter.objects.count(),
    }


BARE = "regulars.cli.bench.bare_door:application"


def _kept() -> int:
    """How many events stand in the append table."""
    return sum(
        body.count(b'"messageId"')
        for parcel in Parcel.objects.only("body").iterator(chunk_size=20)
        for _head, body in frames(parcel.body)
    )


def _load(address: str, key: str, *, size: int, seconds: float) -> dict[str, Any]:
    told = {
        "port": urlsplit(address).port,
        "key": key,
        "size": size,
        "connections": CONNECTIONS[size],
    }
    command = [sys.executable, "-m", "regulars.cli.bench.load"]
    for length in (0.5, seconds):
        done = subprocess.run(
            [*command, json.dumps({**told, "seconds": length})], capture_output=True, check=True
        )
    return dict(json.loads(done.stdout))


@contextmanager
def environment_of_children() -> Iterator[None]:
    """Processes started meanwhile find the database that is measured."""
    before = os.environ["DATABASE_URL"]
    parts = urlsplit(before)
    os.environ["DATABASE_URL"] = parts._replace(
        path=f"/{connection.settings_dict['NAME']}"
    ).geturl()
    try:
        yield
    finally:
        os.environ["DATABASE_URL"] = before
