"""The door for single answers: those that arrive while a transaction runs go into the next one.

    POST /api/v1/answers

The door takes what is plainly right. Whatever else comes (a body that cannot be read, a key without
the scope, an answer that does not fit its survey, a database that refuses) goes on to the pages,
untouched, and is answered there. So both give the same answers, and the door only makes them quick.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import msgspec
import psycopg
from django.db import Error, connection, transaction
from pydantic import ValidationError

from regulars.core.api.at_doors import (
    KeyRing,
    Name,
    Stored,
    answers_stored,
    name_of,
    replayed,
    store_answers,
    unwritten,
)
from regulars.core.api.requests import ApiRequest
from regulars.core.doors import Answer, Application, Call, Problem, Receive, Scope, Send
from regulars.core.errors import Refused
from regulars.core.group_commit import Full, GroupCommit, NotWritten
from regulars.core.models import ApiKey
from regulars.feedback.api.surveys import AnswerIn, receive_for

PATH = "/api/v1/answers"
SCOPE = "answers:write"
BYTES_MAX = 256 * 1024
GROUP_MAX = 300
WAITING_MAX = 5_000
PAUSE = 0.25
"""Of the time the last group took: so long at most respondents just answered are waited for."""

Message = dict[str, Any]


class Asked(NamedTuple):
    """One answer under the name its sender gave to it, and the key it came with."""

    key: ApiKey
    name: Name
    given: AnswerIn


class AnswersDoor:
    """An ASGI application that takes answers group by group, and hands on what is not plain.

    It works in one thread, and belongs to one event loop.
    """

    def __init__(self, pages: Application, thread: Executor | None = None) -> None:
        thread = thread or ThreadPoolExecutor(1, thread_name_prefix="answers")
        self._pages = pages
        self._keys = KeyRing(thread)
        self._taking = GroupCommit[Asked, Answer | None](
            take, group_max=GROUP_MAX, waiting_max=WAITING_MAX, pause=PAUSE, thread=thread
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers the request, here or by the pages."""
        messages = await _read(receive)
        answer = await self._answered(scope, messages)
        if answer is None:
            await self._pages(scope, _again(messages, receive), send)
            return
        length = (b"content-length", str(len(answer.body)).encode())
        start = {"type": "http.response.start", "status": answer.status}
        await send({**start, "headers": [*answer.headers, length]})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answered(self, scope: Scope, messages: Sequence[Message]) -> Answer | None:
        headers = dict(scope["headers"])
        last = messages[-1]
        if last["type"] != "http.request" or last.get("more_body") or scope["query_string"]:
            return None
        body = b"".join(message.get("body", b"") for message in messages)
        call = Call(scope["method"], scope["path"], headers, b"", scope["scheme"], _nothing)
        try:
            given = AnswerIn.model_validate_json(body)
            key = await self._keys.let_in(call, scope=SCOPE)
            asked = Asked(key, name_of(call, key, body), given)
        except (Problem, ValidationError):
            return None
        try:
            return await self._taking.put(asked)
        except Full:
            detail = "too much at once; come again"
            return Problem(429, "too_many_requests", detail=detail, retry_after_s=1).answer()
        except NotWritten:
            return unwritten().answer()


def take(group: Sequence[Asked]) -> list[Answer | None]:
    """The replies to a group once all of it is durable; None for what the pages shall answer.

    What was sent before under the same name gets the reply of the first time.
    """
    try:
        return _taken(group)
    except (Error, psycopg.Error):
        # One of them is at fault, or another process was quicker: each for itself, by the pages.
        return [None] * len(group)
    finally:
        # Back to the pool: a door that kept its connection would leave one less to the pages.
        connection.close()


@transaction.atomic
def _taken(group: Sequence[Asked]) -> list[Answer | None]:
    stored = answers_stored([asked.name for asked in group])
    fresh: dict[Name, Asked] = {}
    for asked in group:
        if asked.name.row not in stored:
            fresh.setdefault(asked.name, asked)
    made = _made(list(fresh.values()))
    if store_answers(made) < len(made):
        raise Error("another process stored a reply under one of these names")
    for name, answer in made.items():
        stored[name.row] = Stored(name.fingerprint, answer.status, answer.body.decode())
    return [_reply(asked.name, made, stored) for asked in group]


def _reply(
    name: Name, made: dict[Name, Answer], stored: dict[tuple[int, str], Stored]
) -> Answer | None:
    if name in made:
        return made[name]
    return replayed(name, stored[name.row]) if name.row in stored else None


def _made(asked: Sequence[Asked]) -> dict[Name, Answer]:
    """The replies to new answers that fit their surveys, by name; for each key at once."""
    made: dict[Name, Answer] = {}
    for key in {one.key.pk: one.key for one in asked}.values():
        own = [one for one in asked if one.key.pk == key.pk]
        try:
            told = receive_for(_as_request(key), [one.given for one in own])
        except Refused:
            continue
        for one, received in zip(own, told, strict=True):
            if not isinstance(received, Refused):
                body = msgspec.json.encode(received.model_dump())
                made[one.name] = Answer(HTTPStatus.CREATED, body)
    return made


def _as_request(key: ApiKey) -> ApiRequest:
    """What operations read of a request: whose key it came with."""
    return cast("ApiRequest", SimpleNamespace(auth=key))


async def _read(receive: Receive) -> list[Message]:
    messages: list[Message] = []
    size = 0
    while True:
        message = dict(await receive())
        messages.append(message)
        size += len(message.get("body", b""))
        if not message.get("more_body") or size > BYTES_MAX:
            return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """The request from its beginning, for whoever reads it next."""
    left = list(messages)

    async def next_message() -> Any:
        return left.pop(0) if left else await receive()

    return next_message


async def _nothing() -> Any:
    return {"type": "http.request", "body": b""}
