"""The door for tills: a small ASGI application beside the pages, typed by msgspec.

    POST /api/v1/till/quote     what a basket would earn, and what may pay for it
    POST /api/v1/till/commit    a receipt, on record and on the books
    POST /api/v1/till/cancel    a receipt that is not to be
    POST /api/v1/till/return    goods that came back
    POST /api/v1/till/batch     what a till did while it was alone

Keys, scopes, `Idempotency-Key` and problem documents are those of the rest of the API. Requests
that arrive while a transaction runs wait in memory and go into the next one.
"""

import asyncio
import re
from collections.abc import Sequence
from concurrent.futures import Executor
from http import HTTPStatus
from typing import TypeVar

import msgspec
import psycopg
from django.db import Error, connection
from django.utils import timezone

from regulars.core.api.at_doors import KeyRing, name_of, unwritten
from regulars.core.api.operations import SCOPES
from regulars.core.doors import Answer, Call, Problem, body_of
from regulars.core.group_commit import Full, GroupCommit, NotWritten
from regulars.core.models import ApiKey
from regulars.loyalty.till.quotes import quoted
from regulars.loyalty.till.settling import Asked, settle
from regulars.loyalty.till.shapes import (
    Basket,
    Batch,
    BatchTold,
    Cancel,
    Entry,
    Purchase,
    Return,
    Told,
)

PREFIX = "/api/v1/till/"
SCOPE = "purchases:write"
REQUEST_BYTES_MAX = 4 * 1024 * 1024
GROUP_MAX = 500
"""Requests settled in one transaction: more would only make the first of them wait longer."""

WAITING_MAX = 5_000
PAUSE = 1.0
"""Of the time the last group took: so long at most tills that were just answered are waited for."""

SCOPES.add(SCOPE)
_SINGLE: dict[str, type[Entry]] = {"commit": Purchase, "cancel": Cancel, "return": Return}
_ORDER: tuple[type[Entry], ...] = (Purchase, Return, Cancel)
Shape = TypeVar("Shape")


class TillDoor:
    """Settles what tills of one process ask, group by group; in threads of its own unless given."""

    def __init__(self, thread: Executor | None = None) -> None:
        self.keys = KeyRing(thread)
        self.settling = GroupCommit[Asked, Answer](
            settle, group_max=GROUP_MAX, waiting_max=WAITING_MAX, pause=PAUSE, thread=thread
        )
        self.quoting = GroupCommit[Basket, Answer](
            _quoted, group_max=GROUP_MAX, waiting_max=WAITING_MAX, thread=thread
        )

    async def __call__(self, call: Call) -> Answer:
        """The answer to a call below `PREFIX`."""
        act = call.path.removeprefix(PREFIX).rstrip("/")
        if act not in {"quote", "batch", *_SINGLE}:
            raise Problem(404, "not_found", detail="there is no operation at this address")
        if call.method != "POST":
            raise Problem(405, "method_not_allowed", detail="allowed here: POST")
        key = await self.keys.let_in(call, scope=SCOPE)
        body = await body_of(call, bytes_max=REQUEST_BYTES_MAX)
        try:
            return await self._answer(act, call, key, body)
        except Full:
            detail = "too much at once; come again"
            raise Problem(429, "too_many_requests", detail=detail, retry_after_s=1) from None
        except NotWritten:
            raise unwritten() from None

    async def _answer(self, act: str, call: Call, key: ApiKey, body: bytes) -> Answer:
        if act == "quote":
            return await self.quoting.put(_read(body, Basket))
        if act == "batch":
            return await self._batch(_read(body, Batch).entries)
        name = name_of(call, key, body)
        return await self.settling.put(Asked(_read(body, _SINGLE[act]), name))

    async def _batch(self, entries: Sequence[Entry]) -> Answer:
        """Each entry by its natural key: purchases, then what undoes them, in the given order."""
        told: dict[int, Answer] = {}
        for kind in _ORDER:
            places = [place for place, entry in enumerate(entries) if isinstance(entry, kind)]
            waiting = [self.settling.put(Asked(entries[place])) for place in places]
            told |= dict(zip(places, await asyncio.gather(*waiting), strict=True))
        results = [_told(told[place]) for place in range(len(entries))]
        return Answer(200, msgspec.json.encode(BatchTold(results)))


def _told(answer: Answer) -> Told:
    body = msgspec.Raw(answer.body)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return Told(answer.status, problem=body)
    return Told(answer.status, result=body)


def _quoted(baskets: Sequence[Basket]) -> list[Answer]:
    try:
        return quoted(baskets, now=timezone.now())
    except (Error, psycopg.Error):
        # One basket may be at fault, or the connection: each for itself, on a new one.
        connection.close()
        return [quoted([basket], now=timezone.now())[0] for basket in baskets]


_PLACE = re.compile(r" - at `\$\.?(?P<place>.*)`$")


def _read(body: bytes, shape: type[Shape]) -> Shape:
    """What the body says; `Problem` 400 where it is no JSON, 422 with the field where it is wrong."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        text = str(error)
        found = _PLACE.search(text)
        field = found["place"] if found else ""
        message = _PLACE.sub("", text)
        lines = [{"field": field, "code": "invalid", "message": message}]
        detail = f"{field}: {message}" if field else message
        raise Problem(422, "invalid", detail=detail, errors=lines) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        detail = f"the body cannot be read: {error}"
        raise Problem(400, "malformed", detail=detail) from None
