"""The door for clients of Segment's HTTP API, and of RudderStack's.

Answers follow what the public clients do with them: exactly 200 for what was taken, also when
single events become dead letters, because clients drop a whole batch on most 4xx; 400 only for
broken JSON, 401 for a wrong key, 413 too large, 429 with `Retry-After` when there is too much at
once, 503 when nothing can be written, which makes clients keep and repeat it.
"""

import asyncio
import binascii
import time
from base64 import b64decode
from urllib.parse import parse_qs

import msgspec
import psycopg
from django.db import Error, connection
from django.utils import timezone

from regulars.connectors.collect.appending import Appender
from regulars.connectors.collect.calls import REQUEST_BYTES_MAX, UNREADABLE, key_decoder, strict
from regulars.connectors.collect.checking import Sorted, sort_batch, sort_single
from regulars.connectors.collect.keys import Keys, Source
from regulars.core.doors import Answer, Call, Header, Problem, body_of, with_headers
from regulars.core.group_commit import Full, NotWritten

SUCCESS = Answer(200, b'{"success":true}')
BATCH, DROPPED = "", "dropped"
KINDS = {
    **{f"/v1/{kind}": kind for kind in ("identify", "track", "page", "screen", "group", "alias")},
    **{
        f"/v1/{kind[0]}": kind for kind in ("identify", "track", "page", "screen", "group", "alias")
    },
    **dict.fromkeys(("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch"), BATCH),
    "/v1/m": DROPPED,
}
"""What each path takes; browsers use the paths of one letter. Their telemetry is taken and dropped."""

PREFIXES = ("/v1/", "/beacon/v1/", "/sourceConfig")
_ALLOWED = (
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"authorization, content-type, x-retry-count, anonymousid"),
    (b"access-control-max-age", b"86400"),
)


class CollectDoor:
    """Takes calls of one process to its appender."""

    def __init__(self, appender: Appender | None = None) -> None:
        self.keys = Keys()
        self.appender = appender or Appender()
        self._renewing: asyncio.Future[None] | None = None

    async def __call__(self, call: Call) -> Answer:
        origin = call.headers.get(b"origin")
        try:
            answer = await self._answer(call)
        except Problem as problem:
            answer = problem.answer()
        return answer if origin is None else with_headers(answer, _cross_origin(origin))

    async def _answer(self, call: Call) -> Answer:
        if call.method == "OPTIONS":
            return Answer(204, b"", _ALLOWED)
        await self._renew()
        if call.method == "GET":
            return self._settings(call)
        path = call.path.rstrip("/")
        if call.method != "POST" or path not in KINDS:
            raise Problem(404, "not_found", detail="there is nothing at this path")
        kind = KINDS[path]
        body = await body_of(call, bytes_max=REQUEST_BYTES_MAX)
        if kind == DROPPED:
            return SUCCESS
        body, own_key = _opened(body)
        source = self._source(_basic_key(call), _query_key(call), own_key)
        _let_in(call, source)
        await self._append(_sorted(body, source, kind=kind))
        return SUCCESS

    async def _append(self, request: Sorted) -> None:
        try:
            await self.appender.put(request)
        except Full:
            raise Problem(
                429, "too_many_requests", detail="too much at once; come again", retry_after_s=2
            ) from None
        except NotWritten:
            raise _unwritten() from None

    async def _renew(self) -> None:
        """Look for changed keys and plans, at most once a second and once for all who wait."""
        now_s = time.monotonic()
        if not self.keys.is_stale(now_s=now_s):
            return
        if self._renewing is None:
            loop = asyncio.get_running_loop()
            self._renewing = loop.run_in_executor(self.appender.thread, _renewed, self.keys, now_s)
        try:
            await asyncio.shield(self._renewing)
        except (Error, psycopg.Error):
            raise _unwritten() from None
        finally:
            self._renewing = None

    def _source(self, *keys: str | None) -> Source:
        """The source of the first key that was told."""
        told = next((key for key in keys if key is not None), None)
        if told is not None and (source := self.keys.sources.get(told)):
            return source
        raise Problem(401, "unauthorized", detail="no source has this write key")

    def _settings(self, call: Call) -> Answer:
        """What browsers' clients fetch at their start."""
        if call.path.startswith("/v1/projects/") and call.path.endswith("/settings"):
            source = self.keys.sources.get(call.path.split("/")[3])
            if source is not None:
                return Answer(200, msgspec.json.encode(_segment_settings(call, source)))
        elif call.path.rstrip("/") == "/sourceConfig":
            source = self._source(_basic_key(call), _query_key(call))
            return Answer(200, msgspec.json.encode(_rudder_settings(source)))
        raise Problem(404, "not_found", detail="there is nothing at this path")


def _renewed(keys: Keys, now_s: float) -> None:
    try:
        keys.renew(now_s=now_s)
    except (Error, psycopg.Error):
        # The server may be back by now, the old connection never is.
        connection.close()
        keys.renew(now_s=now_s)


def _sorted(body: bytes, source: Source, *, kind: str) -> Sorted:
    now = timezone.now()
    if kind == BATCH:
        try:
            return sort_batch(body, source, now=now)
        except UNREADABLE:
            raise Problem(400, "malformed", detail="the body is not a batch in JSON") from None
    if not body.lstrip().startswith(b"{"):
        raise Problem(400, "malformed", detail="the body is not a JSON object")
    request = sort_single(body, source, kind=kind, now=now)
    if request.letters and request.letters[0].reason == "unreadable":
        _insist_on_json(body)
    return request


def _insist_on_json(body: bytes) -> None:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except UNREADABLE:
        raise Problem(400, "malformed", detail="the body is not JSON") from None


def _let_in(call: Call, source: Source) -> None:
    origin = call.headers.get(b"origin")
    if origin and source.origins and origin.decode("latin1") not in source.origins:
        raise Problem(403, "origin_not_allowed", detail="this source takes nothing from this site")


def _basic_key(call: Call) -> str | None:
    scheme, _, secret = call.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        return b64decode(secret).partition(b":")[0].decode() or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _query_key(call: Call) -> str | None:
    if b"writeKey=" not in call.query:
        return None
    return parse_qs(call.query.decode("latin1")).get("writeKey", [None])[0]


def _opened(body: bytes) -> tuple[bytes, str | None]:
    """The body as JSON proper, and the write key in it."""
    try:
        return body, _body_key(body)
    except UNREADABLE:
        pass
    try:
        mended = strict(body)
        return mended, _body_key(mended)
    except (*UNREADABLE, ValueError):
        raise Problem(400, "malformed", detail="the body is not JSON") from None


def _body_key(body: bytes) -> str | None:
    try:
        return key_decoder.decode(body).write_key
    except msgspec.ValidationError:
        return None


def _cross_origin(origin: bytes) -> tuple[Header, ...]:
    return ((b"access-control-allow-origin", origin), (b"vary", b"Origin"))


def _unwritten() -> Problem:
    return Problem(503, "not_written", detail="nothing can be written now; send it again")


def _segment_settings(call: Call, source: Source) -> dict[str, object]:
    host = call.headers.get(b"host", b"localhost").decode("latin1")
    segment = {
        "apiKey": source.write_key,
        "apiHost": f"{host}/v1",
        "protocol": call.headers.get(b"x-forwarded-proto", call.scheme.encode()).decode("latin1"),
    }
    return {"integrations": {"Segment.io": segment}, "plan": {}, "edgeFunction": {}}


def _rudder_settings(source: Source) -> dict[str, object]:
    return {
        "source": {
            "id": source.code,
            "name": source.name,
            "writeKey": source.write_key,
            "enabled": True,
            "workspaceId": "regulars",
            "config": {},
            "destinations": [],
        }
    }
