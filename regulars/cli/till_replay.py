"""Replaying a file at the door of tills: many tills, repeats, lost answers, offline batches."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx

from regulars.core.errors import Refused

ACTS = {"purchase": "commit", "cancel": "cancel", "return": "return"}
TRIES = 8
"""How often an entry is sent before it is given up; a till waits longer each time."""

REFUSED_SHOWN_MAX = 20


class Wish(NamedTuple):
    """Where to replay, with how many tills, and how badly they are connected."""

    url: str
    key: str
    tills: int = 4
    chaos: float = 0.0
    offline: int = 0
    seed: int = 1


class Sent(NamedTuple):
    """An entry with its line in the file."""

    line: int
    entry: dict[str, Any]


@dataclass
class _Count:
    """What came of a replay."""

    taken: int = 0
    repeats: int = 0
    lost: int = 0
    requests: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    contradictions: list[int] = field(default_factory=list)


def replayed(file: Path, wish: Wish) -> dict[str, Any]:
    """Send every entry of the file; each till keeps its own entries in order.

    Entries of one receipt always go to one till, so that a return never overtakes its purchase. With
    `chaos`, entries are sent again after later ones, and answers are thrown away before they are
    read, as a till does that loses power. Any such repeat must get the answer of the first time.
    """
    entries = list(_read(file))
    count = _Count()
    started_s = time.perf_counter()
    asyncio.run(_all_tills(entries, wish, count))
    seconds = time.perf_counter() - started_s
    return {
        "entries": len(entries),
        "taken": count.taken,
        "repeats": count.repeats,
        "lost": count.lost,
        "seconds": round(seconds, 2),
        "per_second": round(count.requests / seconds, 1),
        "refused": sorted(count.refused, key=lambda one: one["line"])[:REFUSED_SHOWN_MAX],
        "contradictions": sorted(count.contradictions)[:REFUSED_SHOWN_MAX],
    }


def _read(file: Path) -> Iterator[Sent]:
    if not file.is_file():
        raise Refused("no_such_file", f"there is no file {file}", "replay")
    with file.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            if not text.strip():
                continue
            try:
                entry = json.loads(text)
            except ValueError:
                raise Refused("no_json", f"line {number} is no JSON", "replay") from None
            if not isinstance(entry, dict) or entry.get("kind", "purchase") not in ACTS:
                kinds = ", ".join(ACTS)
                raise Refused("bad_entry", f"line {number}: kind is one of {kinds}", "replay")
            yield Sent(number, {"kind": "purchase", **entry})


async def _all_tills(entries: Sequence[Sent], wish: Wish, count: _Count) -> None:
    limits = httpx.Limits(max_connections=wish.tills)
    async with httpx.AsyncClient(
        base_url=f"{wish.url.rstrip('/')}/api/v1/till/",
        headers={"Authorization": f"Bearer {wish.key}"},
        timeout=30,
        limits=limits,
    ) as client:
        shares: list[list[Sent]] = [[] for _ in range(wish.tills)]
        for sent in entries:
            shares[_till_of(sent.entry, wish.tills)].append(sent)
        await asyncio.gather(
            *(
                _Till(client, wish, count, Random(f"{wish.seed}-{number}")).work(share)  # noqa: S311 (chaos is no secret)
                for number, share in enumerate(shares)
            )
        )


def _till_of(entry: dict[str, Any], tills: int) -> int:
    return Random(f"{_receipt_of(entry)}").randrange(tills)  # noqa: S311 (a stable choice)


def _receipt_of(entry: dict[str, Any]) -> tuple[Any, Any]:
    if entry["kind"] == "return":
        return entry.get("purchase_source"), entry.get("purchase_number")
    return entry.get("source"), entry.get("number")


class _Till:
    """One till: sends its entries in order, and again where its luck is bad."""

    def __init__(self, client: httpx.AsyncClient, wish: Wish, count: _Count, luck: Random) -> None:
        self._client = client
        self._wish = wish
        self._count = count
        self._luck = luck
        self._answered: dict[int, tuple[int, bytes]] = {}

    async def work(self, share: Sequence[Sent]) -> None:
        if self._wish.offline:
            for start in range(0, len(share), self._wish.offline):
                await self._send_batch(share[start : start + self._wish.offline])
            return
        again: list[Sent] = []
        for sent in share:
            await self._send(sent)
            if self._luck.random() < self._wish.chaos:
                again.append(sent)
            if again and self._luck.random() < 0.5:
                self._count.repeats += 1
                await self._send(again.pop(0))

    async def _send(self, sent: Sent) -> None:
        act = ACTS[sent.entry["kind"]]
        body = {key: value for key, value in sent.entry.items() if key != "kind"}
        name = f"replay-{act}-{sent.entry.get('source')}-{sent.entry.get('number')}"
        answer = await self._posted(act, body, headers={"Idempotency-Key": name})
        self._note(sent, answer.status_code, answer.content)

    async def _send_batch(self, share: Sequence[Sent]) -> None:
        answer = await self._posted("batch", {"entries": [sent.entry for sent in share]})
        if answer.status_code != httpx.codes.OK:
            for sent in share:
                self._note(sent, answer.status_code, answer.content)
            return
        for sent, told in zip(share, answer.json()["results"], strict=True):
            body = told.get("result") or told.get("problem")
            self._note(sent, told["status"], json.dumps(body).encode())

    async def _posted(self, act: str, body: dict[str, Any], **told: Any) -> httpx.Response:
        """The answer, however often it takes: a till sends the same until it has heard of it."""
        for attempt in range(TRIES):
            self._count.requests += 1
            if self._luck.random() < self._wish.chaos:
                self._count.lost += 1
                await self._lose(act, body, **told)
            try:
                answer = await self._client.post(act, json=body, **told)
            except httpx.HTTPError:
                if attempt == TRIES - 1:
                    raise Refused("unreachable", f"nobody answers at {self._wish.url}") from None
            else:
                if answer.status_code not in {429, 500, 503}:
                    return answer
            await asyncio.sleep(min(0.1 * 2**attempt, 5))
        return answer

    async def _lose(self, act: str, body: dict[str, Any], **told: Any) -> None:
        """Send, and be gone before the answer comes."""
        try:
            await self._client.post(act, json=body, timeout=httpx.Timeout(5, read=0.001), **told)
        except httpx.HTTPError:
            return

    def _note(self, sent: Sent, status: int, body: bytes) -> None:
        if (known := self._answered.get(sent.line)) is not None:
            if known != (status, body):
                self._count.contradictions.append(sent.line)
            return
        self._answered[sent.line] = (status, body)
        if status < httpx.codes.BAD_REQUEST:
            self._count.taken += 1
        else:
            code = json.loads(body).get("code", "") if body.startswith(b"{") else ""
            self._count.refused.append({"line": sent.line, "status": status, "code": code})
