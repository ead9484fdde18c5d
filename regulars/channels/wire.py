"""Calls to providers: one connection for a batch, and what their answers mean for a message."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from regulars.channels.kind import Letter, Receipt
from regulars.core.errors import Forbidden, Retry

TIMEOUT_S = 15
FAILURE_MAX = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer: its status, and its JSON where it has any."""

    status: int
    json: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    def receipt(self, letter: Letter, *, outside_id: str = "") -> Receipt:
        """The receipt of a letter; raises `Retry` where the provider wants us to wait."""
        if self.status == 429:
            raise Retry("the provider asks to slow down")
        if self.status >= 500:
            return Receipt(letter.message_id, "retry", f"{self.status} {self.text}")
        if self.status >= 300 or self.json.get("ok") is False:
            return Receipt(letter.message_id, "failed", f"{self.status} {self.text}")
        return Receipt(letter.message_id, "sent", outside_id=outside_id)


class Wire:
    """A connection to a provider; raises `Retry` when nobody answers."""

    def __init__(self, *, headers: Mapping[str, str] | None = None) -> None:
        self._client = httpx.Client(timeout=TIMEOUT_S, headers=dict(headers or {}))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def post(
        self,
        url: str,
        *,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """What the provider answers to a JSON body or a form."""
        return self._asked("POST", url, json=json, data=form, params=params)

    def call(self, method: str, url: str, body: str, content_type: str) -> Answer:
        """What the provider answers to a body that is written already."""
        if not body:
            return self._asked(method, url)
        headers = {"Content-Type": content_type}
        return self._asked(method, url, content=body.encode(), headers=headers)

    def _asked(self, method: str, url: str, **told: Any) -> Answer:
        try:
            answer = self._client.request(method, url, **told)
        except httpx.HTTPError as error:
            # The address may hold a token, so only the kind of failure is told.
            raise Retry(f"the provider does not answer: {type(error).__name__}") from error
        return Answer(answer.status_code, _json_of(answer), answer.text[:FAILURE_MAX])


def _json_of(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def guard(given: str, expected: str) -> None:
    """Raises `Forbidden` unless a call carries our secret; without a secret nobody gets in."""
    if not expected or not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise Forbidden("forbidden", "this call does not carry the secret of the channel")


def walk(told: Any, *steps: str) -> str:
    """What stands at a path of untrusted JSON, as text; empty where anything is missing.

    >>> walk({"message": {"chat": {"id": 5}}}, "message", "chat", "id"), walk({"a": []}, "a", "b")
    ('5', '')
    """
    for step in steps:
        if not isinstance(told, Mapping):
            return ""
        told = told.get(step)
    return str(told) if isinstance(told, str | int | float) and not isinstance(told, bool) else ""
