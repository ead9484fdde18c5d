"""The bare limit of collecting: decode, append to a file, one fdatasync a group; nothing else.

No key, no plan, no database: what a collector on this server in this language could do at most
while still answering only for what is on the disk.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

FILE = "REGULARS_BENCH_FILE"

_thread = ThreadPoolExecutor(1)
_waiting: list[tuple[bytes, "asyncio.Future[None]"]] = []
_writing: list[bool] = []
_file: list[int] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application."""
    if scope["type"] == "lifespan":
        return
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    if body:
        msgspec.json.decode(body)
        await _append(body)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"16")],
        }
    )
    await send({"type": "http.response.body", "body": b'{"success":true}'})


async def _append(body: bytes) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    _waiting.append((body, done))
    if not _writing:
        _writing.append(True)
        _write_next(loop)
    await done


def _write_next(loop: asyncio.AbstractEventLoop) -> None:
    group = _waiting[:]
    _waiting.clear()

    def tell(_written: object) -> None:
        for _body, done in group:
            done.set_result(None)
        if _waiting:
            _write_next(loop)
        else:
            _writing.clear()

    written = loop.run_in_executor(_thread, _write, [body for body, _done in group])
    written.add_done_callback(tell)


def _write(bodies: list[bytes]) -> None:
    if not _file:
        path = f"{os.environ[FILE]}.{os.getpid()}"
        _file.append(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND))
    os.write(_file[0], b"\n".join(bodies))
    os.fdatasync(_file[0])
