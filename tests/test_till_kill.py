"""Tills go on while server and database are killed outright: what was acknowledged is there once.

`REGULARS_KILLS` says how often something is killed; `make soak` kills twenty times.
"""

import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import httpx

from tests.served import (
    KILLS,
    Environment,
    address_of,
    in_installation,
    regulars,
    serving,
    strike,
)

TILLS = 6
MEMBERS = 40
PREPARE = """
from django.utils import timezone
from regulars.core.api.keys import create_key
from regulars.loyalty.actions import open_standard_program
now = timezone.now()
open_standard_program(currency="USD", now=now)
print(create_key(name="till", scopes=["purchases:write"], now=now).secret)
"""
COUNT = """
import json
from regulars.customers.models import Purchase
print(json.dumps(list(Purchase.objects.filter(source="pos").values_list("number", "total_minor"))))
"""


class Tills:
    """Tills that sell without a pause; each sends a receipt until it is acknowledged."""

    def __init__(self, address: str, key: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=20)
        self.key = key
        self.acknowledged: dict[str, int] = {}
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.sell, args=(n,)) for n in range(TILLS)]

    def sell(self, till: int) -> None:
        luck = random.Random(till)
        number = 0
        while not self.stop.is_set():
            number += 1
            name, total = f"{till}-{number}", luck.randrange(100, 9_000)
            receipt = {
                "source": "pos",
                "number": name,
                "bought_at": "2026-11-01T10:00:00Z",
                "customer": {"kind": "card", "value": str(luck.randrange(MEMBERS) + 1)},
                "lines": [{"sku": "milk", "total_minor": total}],
            }
            while not self.stop.is_set():
                if self.is_taken(name, receipt):
                    self.acknowledged[name] = total
                    break
                time.sleep(0.05)

    def is_taken(self, name: str, receipt: dict[str, object]) -> bool:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": name}
        with suppress(httpx.HTTPError):
            answer = self.client.post("/api/v1/till/commit", json=receipt, headers=headers)
            assert answer.status_code in {201, 429, 500, 503}, answer.text
            return answer.status_code == 201
        return False

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()
        self.client.close()

    def more(self, count: int) -> None:
        """Wait until so many more receipts were acknowledged."""
        wanted = len(self.acknowledged) + count
        until(lambda: len(self.acknowledged) >= wanted)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not holds():
        assert time.monotonic() < deadline, "nothing is acknowledged any more"
        time.sleep(0.05)


def test_killed_under_load_every_acknowledged_receipt_is_there_once(
    installation: Environment,
) -> None:
    key = in_installation(PREPARE, installation)
    luck = random.Random(KILLS)
    with serving(installation) as served, Tills(address_of(installation), key) as tills:
        tills.more(30)
        for kill in range(KILLS):
            time.sleep(luck.random())
            strike(kill, served, installation)
            tills.more(30)
    recorded = json.loads(in_installation(COUNT, installation))
    kept = dict(recorded)
    assert len(kept) == len(recorded), "a receipt is there twice"
    assert tills.acknowledged.items() <= kept.items()
    assert regulars("audit", environment=installation)["mismatches"] == 0
