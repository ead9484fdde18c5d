"""A small API over long works, so that each rule of `core.api` can be seen from outside."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.application import make_api
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.lines import answer_lines
from regulars.core.api.operations import reads, takes_lines, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Conflict, Refused
from regulars.core.models import Work

router = Router(tags=["Works"])


class Part(Schema):
    """A part of a work."""

    name: str = Field(min_length=1)


class WorkIn(Schema):
    """A work to be done."""

    kind: str = Field(min_length=1, max_length=50, examples=["import"])
    total: int | None = Field(None, ge=0, le=10**9)
    parts: list[Part] = []


class WorkOut(Schema):
    """A work as it stands."""

    id: int
    kind: str
    total: int | None


@router.get("/works", response=Page[WorkOut], **reads("works:read"))
def list_works(request: ApiRequest, ask: Query[PageAsk]) -> Page[WorkOut]:
    """The works, the largest first."""
    rows = Work.objects.exclude(total=None)
    return page_of(rows, ask, order="-total", shape=WorkOut.from_orm)


@router.get("/works/{int:work_id}", response=WorkOut, **reads("works:read"))
def get_work(request: ApiRequest, work_id: int) -> Work:
    """One work."""
    return get_seen(Work, work_id, seen_by=request.auth)


@router.post("/works", response={201: WorkOut}, **writes("works:write"))
def create_work(request: ApiRequest, work: WorkIn) -> Status[Work]:
    """A new work; some kinds show what becomes of errors."""
    row = Work.objects.create(kind=work.kind, total=work.total)
    match work.kind:
        case "refused":
            raise Refused("kind_is_refused", "no such kind", "kind")
        case "conflict":
            raise Conflict("changed_meanwhile", "another change came first")
        case "failure":
            raise RuntimeError("the secret of the failure")
    return Status(201, row)


@router.post("/works/bulk", **takes_lines("works:write", WorkIn))
def create_works(request: ApiRequest) -> HttpResponse:
    """Many new works."""
    return answer_lines(request, WorkIn, take_works, batch=3)


def take_works(batch: Sequence[WorkIn]) -> list[WorkOut | Refused]:
    """All works of a batch or none."""
    if any(work.kind == "refused" for work in batch):
        raise Refused("kind_is_refused", "no such kind", "kind")
    now = timezone.now()
    rows = Work.objects.bulk_create(
        Work(kind=work.kind, total=work.total, created_at=now) for work in batch
    )
    return [WorkOut.from_orm(row) for row in rows]


api = make_api([router])
urlpatterns = [path("api/v1/", api.urls)]
