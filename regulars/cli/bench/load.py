"""A load generator for collecting: connections that each keep one request under way.

Run as a program of its own, `python -m regulars.cli.bench.load '{"port": …}'`, so that it takes no
time from what it measures but the machine's. Prints one JSON object.
"""

import asyncio
import base64
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

EVENT = (
    '{"type":"track","event":"Product Viewed","messageId":"%s","anonymousId":"visitor-%s",'
    '"userId":"user-%s","timestamp":"2026-03-02T12:00:00.000Z","context":{"library":{"name":"bench",'
    '"version":"1"},"page":{"url":"https://shop.example/p/507f1f77","path":"/p/507f1f77"},'
    '"locale":"en-US"},"properties":{"product_id":"507f1f77bcf86cd799439011","sku":"G-32",'
    '"category":"Games","name":"Monopoly","price":18.99,"quantity":1,"currency":"USD","position":3}}'
)
"""A product view of everyday size, some five hundred bytes."""

POOL = 20_000
"""Events made beforehand; the door does not look whether it has seen a message id."""


@dataclass
class Load:
    """What to send, and what came of it."""

    port: int
    key: str
    size: int
    connections: int
    seconds: float
    run: str = "run"
    sent: int = 0
    answered: int = 0
    failed: int = 0
    waits_ms: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ready = [self._request(number) for number in range(POOL // self.size)]

    def request(self) -> bytes:
        """The next request; made beforehand, so that making it takes no time from the measured."""
        self.sent += 1
        return self._ready[self.sent % len(self._ready)]

    def _request(self, number: int) -> bytes:
        events = [EVENT % (f"{self.run}-{number}-{n}", n, number % 1000) for n in range(self.size)]
        path = "track" if self.size == 1 else "batch"
        body = events[0] if self.size == 1 else f'{{"batch":[{",".join(events)}]}}'
        head = (
            f"POST /v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Basic {base64.b64encode(f'{self.key}:'.encode()).decode()}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


class Poured(Protocol):
    """What connections need of a load: its requests, and a place to count."""

    port: int
    connections: int
    seconds: float
    size: int
    answered: int
    failed: int
    waits_ms: list[float]

    def request(self) -> bytes:
        """The next request."""


class _Connection(asyncio.Protocol):
    def __init__(self, load: Poured, until_s: float) -> None:
        self._load = load
        self._until_s = until_s
        self._started_s = 0.0
        self._answer = b""
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        is_good = self._answer.startswith(b"HTTP/1.1 20")
        self._answer = b""
        self._load.answered += is_good
        self._load.failed += not is_good
        self._load.waits_ms.append((time.perf_counter() - self._started_s) * 1000)
        if time.perf_counter() < self._until_s:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _send(self) -> None:
        self._started_s = time.perf_counter()
        self._transport.write(self._load.request())


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def run(load: Poured) -> dict[str, Any]:
    """Keep all connections busy for as long as told; answered events per second and waits."""
    loop = asyncio.get_running_loop()
    started_s = time.perf_counter()
    until_s = started_s + load.seconds
    made = [
        await loop.create_connection(lambda: _Connection(load, until_s), "127.0.0.1", load.port)
        for _ in range(load.connections)
    ]
    await asyncio.gather(*[protocol.ended for _transport, protocol in made])
    took_s = time.perf_counter() - started_s
    waits = sorted(load.waits_ms)
    return {
        "events": load.answered * load.size,
        "failed": load.failed,
        "per_second": round(load.answered * load.size / took_s, 1),
        "p50_ms": round(waits[len(waits) // 2], 1),
        "p99_ms": round(waits[len(waits) * 99 // 100], 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(run(Load(**json.loads(sys.argv[1]))))))
