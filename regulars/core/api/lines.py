"""Bulk writes: NDJSON in, one answer per line out, in the order of the lines."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, ValidationError

from regulars.core.api.problems import field_problems, status_of
from regulars.core.errors import Refused
from regulars.core.texts import storable

MEDIA_TYPE = "application/x-ndjson"
LINE_BYTES_MAX = 1024 * 1024
LINES_MAX = 100_000
BATCH = 1000

Item = TypeVar("Item", bound=BaseModel)
Take = Callable[[Sequence[Item]], Sequence[BaseModel | Refused]]


@dataclass(frozen=True)
class _Line(Generic[Item]):
    number: int
    item: Item | None
    answer: dict[str, Any] | None = None


def answer_lines(
    request: HttpRequest, model: type[Item], take: Take[Item], *, batch: int = BATCH
) -> HttpResponse:
    """Reads the lines of a request, hands them on in batches, and answers each by its number.

    `take` gets the valid items of a batch and gives one result for each, in their order; it is a
    transaction of its own. A batch that it refuses as a whole is halved until the refusal stands
    with the lines that cause it, so one bad line costs no other line its place. What was taken
    before a connection broke stays; sending everything again is harmless, by natural keys.
    """
    answers: list[str] = []
    lines = _read(request, model)
    while chunk := list(islice(lines, batch)):
        valid = [line for line in chunk if line.item is not None]
        results = iter(_taken([line.item for line in valid if line.item is not None], take))
        for line in chunk:
            answer = line.answer if line.answer is not None else next(results)
            answers.append(json.dumps({"line": line.number, **answer}, ensure_ascii=False))
    body = "".join(f"{answer}\n" for answer in answers)
    return HttpResponse(body, content_type=MEDIA_TYPE)


def _taken(items: Sequence[Item], take: Take[Item]) -> list[dict[str, Any]]:
    if not items:
        return []
    try:
        return [_answer(result) for result in take(items)]
    except Refused as refused:
        if len(items) == 1:
            return [_answer(refused)]
    half = len(items) // 2
    return _taken(items[:half], take) + _taken(items[half:], take)


def _answer(result: BaseModel | Refused) -> dict[str, Any]:
    if not isinstance(result, Refused):
        return {"status": 200, "result": result.model_dump(mode="json")}
    return _wrong(status_of(result), result.code, detail=str(result.message), field=result.field)


def _read(request: HttpRequest, model: type[Item]) -> Iterator[_Line[Item]]:
    """The request's lines as they come in; the body is never held as a whole."""
    number = 0
    while raw := request.readline(LINE_BYTES_MAX + 1):
        number += 1
        if number > LINES_MAX:
            detail = f"more than {LINES_MAX} lines: send the rest in another request"
            yield _Line(number, None, _wrong(413, "too_many_lines", detail=detail))
            return
        if len(raw) > LINE_BYTES_MAX:
            yield _Line(number, None, _wrong(413, "line_too_long", detail="a line is too long"))
            return
        if raw.strip():
            yield _parsed(number, raw, model=model)


def _parsed(number: int, raw: bytes, *, model: type[Item]) -> _Line[Item]:
    try:
        values = storable(json.loads(raw))
    except (ValueError, RecursionError) as error:
        return _Line(number, None, _wrong(400, "malformed", detail=str(error)))
    try:
        return _Line(number, model.model_validate(values))
    except ValidationError as invalid:
        lines = field_problems(invalid.errors(include_url=False), skip=0)
        detail = "; ".join(f"{line['field']}: {line['message']}" for line in lines[:3])
        return _Line(number, None, _wrong(422, "invalid", detail=detail) | {"errors": lines})


def _wrong(status: int, code: str, *, detail: str, field: str | None = None) -> dict[str, Any]:
    errors = [{"field": field, "code": code, "message": detail}] if field else []
    return {"status": status, "code": code, "detail": detail, "errors": errors}
