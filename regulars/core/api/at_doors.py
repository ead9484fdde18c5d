"""What doors share with the rest of the API: keys, scopes, limits, idempotency, problem documents."""

import asyncio
import hashlib
import math
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import NamedTuple

import psycopg
from django.db import Error, connection
from django.utils import timezone

from regulars.core.api.idempotency import HEADER, LENGTH_MAX
from regulars.core.api.keys import find_key
from regulars.core.api.operations import take_one
from regulars.core.api.problems import TooMany, status_of
from regulars.core.doors import JSON, Answer, Call, Problem
from regulars.core.errors import Refused
from regulars.core.models import ApiKey
from regulars.core.sql import cursor_for, int_array, text_array

FRESH_S = 1.0
"""For how long a key is believed without asking the database; a revoked one works no longer."""

KEYS_MAX = 10_000


class KeyRing:
    """The API keys that a door has seen lately."""

    def __init__(self, thread: Executor | None = None) -> None:
        self._known: dict[bytes, tuple[float, ApiKey | None]] = {}
        self._asked: dict[bytes, asyncio.Task[ApiKey | None]] = {}
        self._thread = thread or ThreadPoolExecutor(1, thread_name_prefix="keys")

    async def let_in(self, call: Call, *, scope: str) -> ApiKey:
        """The key of a call that has this scope; `Problem` 401, 403 or 429 otherwise."""
        key = await self._key_of(call.headers.get(b"authorization", b""))
        if key is None:
            detail = "Send a valid key: Authorization: Bearer rk_…"
            raise Problem(401, "unauthorized", detail=detail)
        if not key.allows(scope):
            raise Problem(403, "scope_is_missing", detail=f"this key lacks the scope {scope}")
        try:
            take_one(key)
        except TooMany as error:
            wait_s = math.ceil(error.wait_s)
            detail = "Too many requests with this key."
            raise Problem(429, "too_many_requests", detail=detail, retry_after_s=wait_s) from None
        return key

    async def _key_of(self, header: bytes) -> ApiKey | None:
        now_s = time.monotonic()
        known = self._known.get(header)
        if known is not None and now_s < known[0] + FRESH_S:
            return known[1]
        asked = self._asked.get(header)
        if asked is None:
            # Whoever comes while the database is asked waits for the same answer.
            asked = self._asked[header] = asyncio.create_task(self._look_up(header, now_s))
            asked.add_done_callback(lambda _: self._asked.pop(header, None))
        return await asyncio.shield(asked)

    async def _look_up(self, header: bytes, now_s: float) -> ApiKey | None:
        scheme, _, secret = header.partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        loop = asyncio.get_running_loop()
        try:
            key = await loop.run_in_executor(self._thread, _found, secret.strip().decode("latin1"))
        except (Error, psycopg.Error):
            raise unwritten() from None
        if len(self._known) >= KEYS_MAX:
            self._known.clear()
        self._known[header] = (now_s, key)
        return key


def _found(secret: str) -> ApiKey | None:
    try:
        return find_key(secret, now=timezone.now())
    except (Error, psycopg.Error):
        # The server may be back by now, the old connection never is.
        connection.close()
        return find_key(secret, now=timezone.now())


def unwritten() -> Problem:
    """The answer where nothing is known to be written; a client sends the same again."""
    detail = "nothing can be written now; send it again"
    return Problem(503, "not_written", detail=detail, retry_after_s=1)


def problem_of(refused: Refused) -> Problem:
    """A refusal as a problem document."""
    message = str(refused.message)
    errors = []
    if refused.field:
        errors = [{"field": refused.field, "code": refused.code, "message": message}]
    return Problem(status_of(refused), refused.code, detail=message, errors=errors)


class Name(NamedTuple):
    """The name a key gave to a write, and what the write asked."""

    key_id: int
    name: str
    fingerprint: str

    @property
    def row(self) -> tuple[int, str]:
        """By what the stored answer is found."""
        return self.key_id, self.name


def name_of(call: Call, key: ApiKey, body: bytes) -> Name:
    """The name of a write by its `Idempotency-Key`; `Problem` 400 without a good one."""
    name = call.headers.get(HEADER.lower().encode(), b"").decode("latin1").strip()
    if not 0 < len(name) <= LENGTH_MAX or not name.isprintable():
        detail = f"every write takes the header {HEADER}, 1 to {LENGTH_MAX} printable characters"
        field = {"field": HEADER, "code": "idempotency_key_needed", "message": detail}
        raise Problem(400, "idempotency_key_needed", detail=detail, errors=[field])
    query = f"?{call.query.decode('latin1')}" if call.query else ""
    asked = f"{call.method} {call.path}{query}\n".encode() + body
    return Name(key.pk, name, hashlib.sha256(asked).hexdigest())


class Stored(NamedTuple):
    """An answer given before, and a hash of what was asked then."""

    fingerprint: str
    status: int
    body: str


def answers_stored(names: Collection[Name]) -> dict[tuple[int, str], Stored]:
    """The answers stored under these names; one statement at most."""
    if not names:
        return {}
    with cursor_for(len(names)) as cursor:
        cursor.execute(
            """SELECT stored.api_key_id, stored.name, stored.request_hash, stored.status, stored.body
            FROM unnest(%s::bigint[], %s::text[]) AS given (key_id, name)
            JOIN core_storedanswer stored
                ON stored.api_key_id = given.key_id AND stored.name = given.name""",
            [int_array([one.key_id for one in names]), text_array([one.name for one in names])],
        )
        return {(row[0], row[1]): Stored(*row[2:]) for row in cursor.fetchall()}


def store_answers(answers: Mapping[Name, Answer]) -> int:
    """Store answers under names that are free; says how many were. One statement.

    A concurrent write of the same name is waited for; that one has won where fewer are stored.
    """
    if not answers:
        return 0
    rows = sorted(answers.items())
    with cursor_for(len(rows)) as cursor:
        cursor.execute(
            """INSERT INTO core_storedanswer (api_key_id, name, request_hash, status, body)
            SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::text[])
            ON CONFLICT (api_key_id, name) DO NOTHING""",
            [
                int_array([name.key_id for name, _answer in rows]),
                text_array([name.name for name, _answer in rows]),
                text_array([name.fingerprint for name, _answer in rows]),
                int_array([answer.status for _name, answer in rows]),
                text_array([answer.body.decode() for _name, answer in rows]),
            ],
        )
        return int(cursor.rowcount)


def replayed(name: Name, stored: Stored) -> Answer:
    """The answer of the first time, or 409 where something else was asked under this name."""
    if stored.fingerprint != name.fingerprint:
        detail = "this Idempotency-Key was used for another request"
        field = {"field": HEADER, "code": "idempotency_key_reused", "message": detail}
        return Problem(409, "idempotency_key_reused", detail=detail, errors=[field]).answer()
    return Answer(stored.status, stored.body.encode(), (JSON, (b"idempotent-replay", b"true")))
