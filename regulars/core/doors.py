"""Doors for machines: small ASGI handlers beside the pages, where every microsecond counts.

A handler is a coroutine from a `Call` to an `Answer`. `regulars.asgi` opens a door for each path
prefix; everything else goes to Django's pages.
"""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

PROBLEM: Header = (b"content-type", b"application/problem+json")
JSON: Header = (b"content-type", b"application/json")

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """A request whose body is read on demand."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    query: bytes
    scheme: str
    receive: Receive


class Answer(NamedTuple):
    """A status, a body, and headers beside its length."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = (JSON,)


Handler = Callable[[Call], Awaitable[Answer]]


class Problem(Exception):
    """The request cannot be carried out; answered as a problem document (RFC 9457).

    The document also has `message`, which clients of Segment's API read.
    """

    def __init__(
        self,
        status: int,
        code: str,
        *,
        detail: str,
        retry_after_s: int = 0,
        errors: Sequence[dict[str, str]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.errors = errors

    def answer(self) -> Answer:
        """The problem document."""
        document = {
            "type": f"urn:regulars:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "message": self.detail,
            "errors": list(self.errors),
        }
        headers = [PROBLEM]
        if self.retry_after_s:
            headers.append((b"retry-after", str(self.retry_after_s).encode()))
        return Answer(self.status, msgspec.json.encode(document), tuple(headers))


class Doors:
    """An ASGI application that sends each path prefix to its handler, and all else to the pages.

    `exact` names applications of their own for one method and path each.
    """

    def __init__(
        self,
        handlers: dict[str, Handler],
        *,
        pages: Application,
        exact: Mapping[tuple[str, str], Application] = MappingProxyType({}),
    ) -> None:
        self._exact = exact
        self._handlers = handlers
        self._prefixes = tuple(handlers)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path: str = scope["path"]
        own = self._exact.get((scope.get("method", ""), path))
        if own is not None:
            await own(scope, receive, send)
            return
        if scope["type"] != "http" or not path.startswith(self._prefixes):
            await self._pages(scope, receive, send)
            return
        handler = next(self._handlers[one] for one in self._prefixes if path.startswith(one))
        call = Call(
            scope["method"],
            path,
            dict(scope["headers"]),
            scope["query_string"],
            scope["scheme"],
            receive,
        )
        answer = await _answered(handler, call)
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    *answer.headers,
                    (b"content-length", str(len(answer.body)).encode()),
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})


async def body_of(call: Call, *, bytes_max: int) -> bytes:
    """The body, unpacked where it is gzipped; `Problem` 413 above the limit, packed or not."""
    if int(call.headers.get(b"content-length") or 0) > bytes_max:
        raise _too_large(bytes_max)
    message = await call.receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await call.receive()
        body += message.get("body", b"")
        if len(body) > bytes_max:
            raise _too_large(bytes_max)
    if b"gzip" in call.headers.get(b"content-encoding", b"") or body[:2] == b"\x1f\x8b":
        body = _unpacked(body, bytes_max)
    if len(body) > bytes_max:
        raise _too_large(bytes_max)
    return body


def _unpacked(body: bytes, bytes_max: int) -> bytes:
    try:
        # One more than is allowed, so that a small bomb never becomes a large text.
        return zlib.decompressobj(wbits=31).decompress(body, bytes_max + 1)
    except zlib.error:
        raise Problem(400, "malformed", detail="the body is not gzip") from None


def _too_large(bytes_max: int) -> Problem:
    return Problem(413, "too_big", detail=f"a request has at most {bytes_max} bytes")


async def _answered(handler: Handler, call: Call) -> Answer:
    try:
        return await handler(call)
    except Problem as problem:
        return problem.answer()
    except asyncio.CancelledError:
        raise
    except Exception:  # noqa: BLE001 (the last one to say something to the client)
        _log.exception("%s %s failed", call.method, call.path)
        detail = "the request failed on our side; it may be sent again"
        return Problem(500, "failure", detail=detail).answer()


async def _live(receive: Receive, send: Send) -> None:
    """Take part in the server's start and end; nothing of ours needs more than that."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def with_headers(answer: Answer, headers: Iterable[Header]) -> Answer:
    """The answer with further headers."""
    return answer._replace(headers=(*answer.headers, *headers))
