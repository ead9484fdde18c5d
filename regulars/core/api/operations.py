"""What an operation needs and promises, in one word where it is declared."""

import time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from pydantic import BaseModel

from regulars.core.api.keys import find_key
from regulars.core.api.limits import Limiter
from regulars.core.api.problems import TooMany
from regulars.core.errors import Forbidden
from regulars.core.models import ApiKey

SCOPES: set[str] = set()
"""Every scope that some operation needs, for the page on which keys are made."""

LINE_MODELS: dict[str, type[BaseModel]] = {}
"""The shapes of lines that bulk operations take, for the OpenAPI document."""

_limiter = Limiter()


def reads(scope: str) -> dict[str, Any]:
    """The keyword arguments of an operation that changes nothing."""
    return _operation(scope, {})


def writes(scope: str) -> dict[str, Any]:
    """The keyword arguments of an operation that writes: it takes an `Idempotency-Key`.

    It runs in one transaction with its stored answer; an answer that is an error rolls back.
    """
    return _operation(scope, {"x-idempotency": "key"})


def takes_lines(scope: str, line: type[BaseModel]) -> dict[str, Any]:
    """The keyword arguments of an operation that takes NDJSON and answers per line.

    Each line has a natural key of its own, so these take no `Idempotency-Key`.
    """
    LINE_MODELS[line.__name__] = line
    return _operation(scope, {"x-idempotency": "line", "x-line": line.__name__})


def authenticated(request: HttpRequest) -> ApiKey | None:
    """The key that a request came with, looked up once; None without a valid one.

    Raises `TooMany` when the key has used up its requests of this minute.
    """
    if not hasattr(request, "_api_key"):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        bearer = secret.strip() if scheme.lower() == "bearer" else ""
        key = find_key(bearer, now=timezone.now()) if bearer else None
        request._api_key = key  # type: ignore[attr-defined]  # noqa: SLF001
        if key is not None:
            take_one(key)
    return request._api_key  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001


class ApiKeyBearer(HttpBearer):
    """Lets a request in whose key has a scope; without a scope, any valid key."""

    def __init__(self, scope: str | None = None) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        """The key, None without a valid one; `Forbidden` without the scope."""
        return self.authenticate(request, "")

    def authenticate(self, request: HttpRequest, _token: str) -> ApiKey | None:
        """The key, None without a valid one; `Forbidden` without the scope."""
        key = authenticated(request)
        if key is not None and self.scope and not key.allows(self.scope):
            raise Forbidden("scope_is_missing", f"this key lacks the scope {self.scope}")
        return key


def take_one(key: ApiKey) -> None:
    """Count a request of this key; `TooMany` when it has used up those of this minute."""
    per_minute = key.requests_per_minute
    wait_s = _limiter.wait_s(key.pk, per_minute=per_minute, now_s=time.monotonic())
    if wait_s:
        raise TooMany(wait_s)


def _operation(scope: str, rules: dict[str, str]) -> dict[str, Any]:
    SCOPES.add(scope)
    return {
        "auth": ApiKeyBearer(scope),
        "openapi_extra": {"x-scope": scope, **rules},
    }
