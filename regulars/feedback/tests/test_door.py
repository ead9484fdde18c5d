"""The door for single answers says what the pages say, and keeps each answer exactly once."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from regulars.core.api.keys import create_key
from regulars.core.pages_over_asgi import PagesOverAsgi
from regulars.feedback.door import PATH, AnswersDoor
from regulars.feedback.models import Answer, Signal
from regulars.feedback.tests import cast
from regulars.wsgi import application as pages

pytestmark = pytest.mark.django_db(transaction=True)


class Sender:
    """Sends answers through a door, all at once; a door belongs to one event loop."""

    def __init__(self) -> None:
        self.handed_on = 0
        key = create_key(name="t", scopes=("answers:write",), now=timezone.now())
        self.secret = key.secret

    async def pages(self, *told: Any) -> None:
        """The pages, and how often they were asked."""
        self.handed_on += 1
        behind = PagesOverAsgi(pages, threads=1)
        behind._threads = self.thread
        await behind(*told)

    def send(self, *bodies: Any, secret: str = "", name: str = "n") -> list[tuple[int, Any]]:
        """Status and document of each body; bodies that are equal have the same name."""

        async def all_of() -> list[tuple[int, Any]]:
            self.door = AnswersDoor(self.pages, self.thread)
            sent = [json.dumps(body).encode() for body in bodies]
            names = [f"{name}{bodies.index(body)}" for body in bodies]
            told = [
                self._one(b, n, secret or self.secret) for b, n in zip(sent, names, strict=True)
            ]
            return list(await asyncio.gather(*told))

        with ThreadPoolExecutor(1) as self.thread:
            try:
                return asyncio.run(all_of())
            finally:
                self.thread.submit(connections.close_all).result()

    async def _one(self, body: bytes, name: str, secret: str) -> tuple[int, Any]:
        headers = {
            "authorization": f"Bearer {secret}",
            "idempotency-key": name,
            "content-type": "application/json",
            "host": "localhost",
        }
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": PATH,
            "query_string": b"",
            "scheme": "http",
            "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        }
        got: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            got.append(message)

        await self.door(scope, receive, send)
        whole = b"".join(message.get("body", b"") for message in got)
        return got[0]["status"], json.loads(whole)


def test_answers_that_come_together_are_kept_once_each() -> None:
    survey, sender = cast.survey(), Sender()
    bodies = [
        {"key": f"k{n}", "survey_id": survey.pk, "values": {"nps": n % 11}} for n in range(30)
    ]
    told = sender.send(*bodies, bodies[0])
    assert [status for status, _ in told] == [201] * 31
    assert told[0][1] == told[30][1]
    assert sender.handed_on == 0
    again = sender.send(*bodies)
    assert [one["answer_id"] for _, one in again] == [one["answer_id"] for _, one in told[:30]]
    assert Answer.objects.count() == 30
    assert Signal.objects.filter(measure="nps").count() == 30


def test_what_is_not_plain_is_answered_by_the_pages() -> None:
    survey, sender = cast.survey(), Sender()
    good = {"key": "good", "survey_id": survey.pk, "values": {"nps": 9}}
    unfit = {"key": "unfit", "survey_id": survey.pk, "values": {"nps": 99}}
    unknown = {"key": "unknown", "survey_id": survey.pk + 1, "values": {"nps": 9}}
    told = sender.send(good, unfit, {"key": "no values"}, name="m")
    assert [status for status, _ in told] == [201, 422, 422]
    assert told[1][1]["errors"][0]["field"] == "values.nps"
    assert sender.send(unknown, good, name="u")[0][0] == 404
    assert sender.send(good, secret="rk_wrong")[0][0] == 401
    assert sender.send({**good, "values": {"nps": 1}}, name="m")[0][0] == 409
    assert Answer.objects.count() == 1
