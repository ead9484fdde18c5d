"""Errors as problem documents (RFC 9457), with a line for each field that is wrong."""

import json
import logging
import math
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from regulars.core.errors import Conflict, Forbidden, NotFound, Refused

MEDIA_TYPE = "application/problem+json"
DECLARED = (400, 401, 403, 404, 409, 413, 422, 429, 500)
"""The statuses that every operation declares beside its own."""

_log = logging.getLogger(__name__)


class Malformed(Refused):
    """The request cannot be read, or lacks a header that it needs."""


class TooMany(Exception):
    """A key asks more than it may; says how long to wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"wait {wait_s} s")
        self.wait_s = wait_s


class LineAnswer(Schema):
    """What became of one line of a bulk write."""

    line: int = Field(examples=[1], description="From 1, as in the request.")
    status: int = Field(examples=[200])
    result: dict[str, Any] | None = Field(None, description="What the single write would answer.")
    code: str | None = None
    detail: str | None = None
    errors: list["FieldProblem"] = []


class FieldProblem(Schema):
    """One thing that is wrong with one field."""

    field: str = Field(examples=["lines[0].sku"], description="Path in the body, or a parameter.")
    code: str = Field(examples=["missing"])
    message: str = Field(examples=["Field required"])


class Problem(Schema):
    """Why a request was not carried out (RFC 9457). It changed nothing."""

    type: str = Field(examples=["urn:regulars:problem:invalid"])
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    code: str = Field(examples=["invalid"], description="For programs; stays the same.")
    detail: str = Field(examples=["One field is wrong."], description="For people.")
    errors: list[FieldProblem] = []


def problem(
    status: int, code: str, *, detail: str = "", errors: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """A problem document as an answer."""
    title = HTTPStatus(status).phrase
    document = {
        "type": f"urn:regulars:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "errors": list(errors),
    }
    body = json.dumps(document, ensure_ascii=False)
    response = HttpResponse(body, status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def status_of(refused: Refused) -> int:
    """The HTTP status that a refusal stands for."""
    kinds = ((Malformed, 400), (Forbidden, 403), (NotFound, 404), (Conflict, 409))
    return next((status for kind, status in kinds if isinstance(refused, kind)), 422)


def field_problems(errors: Sequence[Any], *, skip: int) -> list[dict[str, str]]:
    """Pydantic's errors as lines of a problem document; `skip` leading places are not the field's."""
    return [
        {
            "field": _path(error["loc"][skip:] or error["loc"][-1:]),
            "code": error["type"],
            "message": error["msg"],
        }
        for error in errors
    ]


def refusal(refused: Refused) -> HttpResponse:
    """A refusal as a problem document."""
    errors = []
    if refused.field:
        errors = [{"field": refused.field, "code": refused.code, "message": str(refused.message)}]
    detail = str(refused.message)
    return problem(status_of(refused), refused.code, detail=detail, errors=errors)


def declare_problems(api: NinjaAPI) -> None:
    """Have an API answer every error by a problem document."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)


def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    lines = [
        line
        for one in error.errors
        for line in field_problems([one], skip=2 if one["loc"][0] == "body" else 1)
    ]
    detail = "; ".join(f"{line['field']}: {line['message']}" for line in lines[:3])
    return problem(422, "invalid", detail=detail, errors=lines)


def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return problem(401, "unauthorized", detail="Send a valid key: Authorization: Bearer rk_…")
    code = "malformed" if error.status_code == HTTPStatus.BAD_REQUEST else "http_error"
    return problem(error.status_code, code, detail=str(error))


def _out_of_range(_request: HttpRequest, _error: DataError) -> HttpResponse:
    return problem(422, "out_of_range", detail="A value is outside what can be stored.")


def _too_many(_request: HttpRequest, error: TooMany) -> HttpResponse:
    response = problem(429, "too_many_requests", detail="Too many requests with this key.")
    response["Retry-After"] = str(math.ceil(error.wait_s))
    return response


def _too_big(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    return problem(413, "too_big", detail="The body is too large; use a bulk operation.")


def _failure(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, "failure", detail="The request failed on our side; it may be sent again.")


def _path(places: Sequence[str | int]) -> str:
    """A place in a document as people write it.

    >>> _path(["lines", 0, "sku"])
    'lines[0].sku'
    """
    path = ""
    for place in places:
        path += f"[{place}]" if isinstance(place, int) else f".{place}" if path else place
    return path


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Refused: lambda _request, error: refusal(error),
    ValidationError: _invalid,
    HttpError: _http_error,
    Http404: lambda _request, _error: problem(404, "not_found"),
    DataError: _out_of_range,
    TooMany: _too_many,
    RequestDataTooBig: _too_big,
    Exception: _failure,
}
