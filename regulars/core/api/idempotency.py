"""The same request twice has one effect and one answer."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from regulars.core.api.operations import authenticated
from regulars.core.api.problems import Malformed, TooMany
from regulars.core.errors import Conflict, Refused
from regulars.core.models import ApiKey, StoredAnswer

HEADER = "Idempotency-Key"
LENGTH_MAX = 255
KEPT_DAYS = 30

Run = Callable[..., HttpResponseBase]


def idempotent(run: Run) -> Run:
    """Wraps an operation's whole run, so that its effect and its answer are one transaction."""
    operation: Any = run.__self__  # type: ignore[attr-defined]

    @wraps(run)
    def answer(request: HttpRequest, **path: Any) -> HttpResponseBase:
        rule = (operation.openapi_extra or {}).get("x-idempotency")
        try:
            if rule != "key" or (key := authenticated(request)) is None:
                return run(request, **path)
            return _once(request, key, lambda: run(request, **path))
        except (Refused, TooMany, RequestDataTooBig) as error:
            response: HttpResponseBase = operation.api.on_exception(request, error)
            return response

    return answer


def forget_old_answers(*, now: datetime) -> int:
    """Deletes stored answers older than `KEPT_DAYS`, and says how many they were.

    Their names are free again after that; what the writes created has natural keys of its own.
    """
    past = StoredAnswer.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS))
    return past.delete()[0]


@transaction.atomic
def _once(
    request: HttpRequest, key: ApiKey, run: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """The stored answer of this request, or the answer of running it now, which is then stored.

    A concurrent request of the same name waits at the unique index until this one has ended.
    Only answers that are no errors are stored: an error changed nothing and leaves the name free.
    """
    name, fingerprint = _name_of(request), _fingerprint(request)
    claim = _claim(key, name, fingerprint=fingerprint)
    if claim is None:
        return _stored(key, name, fingerprint=fingerprint)
    response = run()
    if response.status_code >= 400:
        transaction.set_rollback(True)
        return response
    assert isinstance(response, HttpResponse), "a stored answer cannot be a stream"
    body = response.content.decode()
    StoredAnswer.objects.filter(pk=claim).update(status=response.status_code, body=body)
    return response


def _claim(key: ApiKey, name: str, *, fingerprint: str) -> int | None:
    """The id of a new row for this name, or None where the name was used before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_storedanswer (api_key_id, name, request_hash, body)"
            " VALUES (%s, %s, %s, '') ON CONFLICT (api_key_id, name) DO NOTHING RETURNING id",
            [key.pk, name, fingerprint],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _stored(key: ApiKey, name: str, *, fingerprint: str) -> HttpResponse:
    stored = StoredAnswer.objects.get(api_key=key, name=name)
    if stored.request_hash != fingerprint:
        raise Conflict(
            "idempotency_key_reused", "this Idempotency-Key was used for another request", HEADER
        )
    assert stored.status is not None, "an answer is stored with its effect"
    response = HttpResponse(stored.body, status=stored.status, content_type="application/json")
    response["Idempotent-Replay"] = "true"
    return response


def _name_of(request: HttpRequest) -> str:
    name = request.headers.get(HEADER, "").strip()
    if not 0 < len(name) <= LENGTH_MAX or not name.isprintable():
        raise Malformed(
            "idempotency_key_needed",
            f"every write takes the header {HEADER}, 1 to {LENGTH_MAX} printable characters",
            HEADER,
        )
    return name


def _fingerprint(request: HttpRequest) -> str:
    """A hash of what was asked: method, address and body, byte for byte."""
    asked = f"{request.method} {request.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(asked).hexdigest()
