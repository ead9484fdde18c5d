"""Django's pages behind an ASGI server: the WSGI application in a few threads that stay.

Threads that stay keep their database connections, and requests meet no event loop on their way.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from wsgiref.util import FileWrapper

from regulars.core.doors import Receive, Scope, Send

IN_MEMORY_MAX = 1024 * 1024
PIECE = 128 * 1024


class PagesOverAsgi:
    """An ASGI application that runs a WSGI one in `threads` threads."""

    def __init__(self, application: Callable[..., Iterable[bytes]], *, threads: int) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        with SpooledTemporaryFile(IN_MEMORY_MAX) as body:
            length = await _read(receive, body)
            environ = _environ(scope, length, body=body)
            loop = asyncio.get_running_loop()

            async def deliver(message: dict[str, Any]) -> None:
                await send(message)

            def pump(message: dict[str, Any]) -> None:
                asyncio.run_coroutine_threadsafe(deliver(message), loop).result()

            # Whole answers come back with the thread; only streams are pumped from inside it.
            whole = await loop.run_in_executor(self._threads, self._run, environ, pump)
        for message in whole:
            await send(message)

    def _run(
        self, environ: dict[str, Any], pump: Callable[[dict[str, Any]], None]
    ) -> list[dict[str, Any]]:
        head: dict[str, Any] = {"type": "http.response.start"}

        def start(status: str, headers: list[tuple[str, str]], *_failure: Any) -> None:
            head["status"] = int(status[:3])
            head["headers"] = [
                (name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers
            ]

        response = self._application(environ, start)
        try:
            if not getattr(response, "streaming", True):
                return [head, {"type": "http.response.body", "body": b"".join(response)}]
            for message in _stream(head, response):
                pump(message)
            return []
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()


def _stream(head: dict[str, Any], pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    # The first piece is made before the head is sent: until then a failure can still be told.
    iterator = iter(pieces)
    first = next(iterator, b"")
    yield head
    for piece in chain([first], iterator):
        yield {"type": "http.response.body", "body": bytes(piece), "more_body": True}
    yield {"type": "http.response.body", "body": b""}


async def _read(receive: Receive, body: IO[bytes]) -> int:
    while True:
        message = await receive()
        body.write(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            length = body.tell()
            body.seek(0)
            return length


def _environ(scope: Scope, length: int, *, body: IO[bytes]) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) tells it."""
    host, port = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": cast("str", scope["path"]).encode().decode("latin1"),
        "QUERY_STRING": scope["query_string"].decode("latin1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _pieces,
    }
    for name, value in scope["headers"]:
        if b"_" in name or name == b"content-length":
            # An underscore would pass for a hyphen, and so one header for another.
            continue
        key = name.decode("latin1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin1")
        separator = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{separator}{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(length)
    return environ


def _pieces(file: IO[bytes], _size: int = 0) -> FileWrapper:
    return FileWrapper(file, PIECE)
