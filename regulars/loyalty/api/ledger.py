"""The ledger for other systems: transfers newest first, as JSON pages, CSV or NDJSON."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, cursor_at, number_at
from regulars.core.api.fields import Id, Moment
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.loyalty.models import Program
from regulars.loyalty.queries.ledger import Line, Wanted, lines_of

router = Router(tags=["Loyalty"])


class TransferOut(Schema):
    """A movement of points; `pot` is the program's account at one end, or `members`."""

    id: int
    at: datetime
    recorded_at: datetime
    key: str
    unit: str
    amount: int
    pot: str
    is_in: bool = Field(description="Whether the points came to a member.")
    member: str = Field(description="The card of the member; of who took between members.")
    other: str = Field(description="The card of who gave, between members.")
    rule: str
    store: str


class LedgerAsk(PageAsk):
    """Which transfers are asked for."""

    unit: str = Field("", max_length=30)
    pot: Literal[
        "", "issued", "partner", "redeemed", "expired", "reversed", "adjusted", "held", "members"
    ] = ""
    member: str = Field("", max_length=19, description="The number of the card.")
    rule: str = Field("", max_length=50)
    store_id: Id | None = None
    since: Moment | None = Field(None, description="Booked from then on.")
    until: Moment | None = Field(None, description="Booked before then.")
    key: str = Field("", max_length=150, description="The key, or its beginning up to a colon.")


class LedgerFileAsk(LedgerAsk):
    """The same as a file, page by page."""

    format: Literal["csv", "ndjson"] = "ndjson"
    limit: int = Field(1_000, ge=1, le=10_000)


@router.get("/programs/{program_id}/ledger", response=Page[TransferOut], **reads("loyalty:read"))
def list_transfers(request: ApiRequest, program_id: Id, ask: Query[LedgerAsk]) -> Page[TransferOut]:
    """Transfers of a program, newest first, by what they moved and why."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    lines, more = _lines(program, ask)
    return Page(items=[_shaped(line) for line in lines], next_cursor=more)


@router.get("/programs/{program_id}/ledger/file", **reads("loyalty:read"))
def export_ledger(request: ApiRequest, program_id: Id, ask: Query[LedgerFileAsk]) -> HttpResponse:
    """Transfers as CSV or NDJSON; the header `Next-Cursor` of the answer leads to the next ones."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    lines, more = _lines(program, ask)
    rows = [_shaped(line).model_dump(mode="json") for line in lines]
    if ask.format == "csv":
        text, kind = io.StringIO(), "text/csv; charset=utf-8"
        writer = csv.DictWriter(text, fieldnames=list(TransferOut.model_fields))
        writer.writeheader()
        writer.writerows(rows)
        response = HttpResponse(text.getvalue(), content_type=kind)
    else:
        body = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        response = HttpResponse(body, content_type="application/x-ndjson")
    if more:
        response["Next-Cursor"] = more
    return response


def _lines(program: Program, ask: LedgerAsk) -> tuple[Sequence[Line], str | None]:
    place = f"ledger of {program.pk}"
    wanted = Wanted(
        unit=ask.unit,
        pot=ask.pot,
        member=ask.member,
        rule=ask.rule,
        store_id=ask.store_id,
        since=ask.since,
        until=ask.until,
        key=ask.key,
    )
    before = number_at(place, ask.cursor)
    found = lines_of(program, wanted, limit=ask.limit + 1, before=before)
    lines = found[: ask.limit]
    return lines, cursor_at(place, lines[-1].id) if len(found) > ask.limit else None


def _shaped(line: Line) -> TransferOut:
    return TransferOut(**{name: getattr(line, name) for name in TransferOut.model_fields})
