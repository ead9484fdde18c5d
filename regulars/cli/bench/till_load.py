"""A load generator for the door of tills: each connection posts single receipts, one at a time.

Run as a program of its own, `python -m regulars.cli.bench.till_load '{"port": …}'`, so that it
takes no time from what it measures but the machine's. Prints one JSON object.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from random import Random
from typing import Any

from regulars.cli.bench.load import run

READY = 60_000
"""Receipts made beforehand; more than any run needs, for each has a number of its own."""


@dataclass
class TillLoad:
    """What to send, and what came of it."""

    port: int
    key: str
    connections: int
    seconds: float
    at: str
    members: int
    products: int
    stores: int
    run: str
    size: int = 1
    sent: int = 0
    answered: int = 0
    failed: int = 0
    waits_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.run)  # noqa: S311 (repeatable figures)
        self._ready = [self._request(number) for number in range(READY)]

    def request(self) -> bytes:
        """The next receipt."""
        self.sent += 1
        return self._ready[self.sent - 1]

    def _request(self, number: int) -> bytes:
        random = self._random
        lines = ",".join(
            f'{{"sku":"P{random.randrange(self.products)}","quantity_milli":1000,'
            f'"total_minor":{random.randrange(50, 2000)}}}'
            for _ in range(3)
        )
        body = (
            f'{{"source":"bench","number":"{self.run}-{number}","bought_at":"{self.at}",'
            f'"customer":{{"kind":"card","value":"{random.randrange(self.members) + 1}"}},'
            f'"store":"S{random.randrange(self.stores)}","lines":[{lines}]}}'
        )
        head = (
            "POST /api/v1/till/commit HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.key}\r\nIdempotency-Key: {self.run}-{number}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


async def pour(told: dict[str, Any]) -> dict[str, Any]:
    """Keep all tills busy for as long as told; receipts per second and waits."""
    load = TillLoad(**told)
    return await run(load)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(pour(json.loads(sys.argv[1])))))
