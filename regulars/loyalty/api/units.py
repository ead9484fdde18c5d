"""Units of a program: what they are worth, and how long points of each live."""

from datetime import datetime
from typing import Annotated, Any

from django.utils.timezone import now as moment_of_now
from ninja import Router, Schema
from pydantic import Field

from regulars.core.access import get_seen
from regulars.core.api.fields import Id, Text
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound
from regulars.loyalty.actions.prolonging import set_expiry
from regulars.loyalty.actions.reminding import LONGEST, set_reminders
from regulars.loyalty.models import Program, Unit
from regulars.loyalty.rules.expiry import Expiry

router = Router(tags=["Loyalty"])
Code = Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[a-z0-9_-]+$")]


class ExpiryVersionOut(Schema):
    """An expiry, for points granted from a moment on; the first one holds for all before."""

    expiry: Expiry
    in_force_from: datetime | None
    reaches_old: bool


class UnitExpiryOut(Schema):
    """What an account holds, and how long it lives: the newest version last."""

    code: str
    name: Text
    kind: str
    worth_minor: int
    worth_points: int
    expiry: Expiry
    versions: list[ExpiryVersionOut]


class ExpiryIn(Schema):
    """Another expiry, for points granted from now on."""

    expiry: dict[str, Any] = Field(
        description=(
            "`kind`: never, months, rolling, year_end or fixed_dates; with `months` and `round_up`"
            " (month, quarter, half_year, year), `years`, or `table` (rows of `from`, `to`,"
            " `expires`, each month-day)."
        )
    )
    reaches_old: bool = Field(
        False, description="Points that have no end live as if they were granted now."
    )


@router.get("/programs/{program_id}/units", response=list[UnitExpiryOut], **reads("loyalty:read"))
def list_units(request: ApiRequest, program_id: Id) -> list[UnitExpiryOut]:
    """The units of a program with all versions of their expiry."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return [_shaped(unit) for unit in Unit.objects.filter(program=program).order_by("id")]


@router.put(
    "/programs/{program_id}/units/{unit}/expiry", response=UnitExpiryOut, **writes("loyalty:write")
)
def put_expiry(request: ApiRequest, program_id: Id, unit: Code, entry: ExpiryIn) -> UnitExpiryOut:
    """Another expiry of a unit, for points granted from now on; told again, nothing changes."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    row = Unit.objects.filter(program=program, code=unit).first()
    if row is None:
        raise NotFound("not_found", "the program has no such unit", "unit")
    now = moment_of_now()
    return _shaped(set_expiry(row, entry.expiry, now=now, reaches_old=entry.reaches_old))


class RemindersIn(Schema):
    """How many days before points expire members hear of it; null: not at all."""

    days: Annotated[int, Field(ge=1, le=LONGEST)] | None


class RemindersOut(Schema):
    """How many days before points expire members hear of it; null: not at all."""

    days: int | None


@router.put(
    "/programs/{program_id}/expiry-reminders", response=RemindersOut, **writes("loyalty:write")
)
def put_reminders(request: ApiRequest, program_id: Id, entry: RemindersIn) -> RemindersOut:
    """Have members hear that points expire soon; letters pass the door of consents and budget."""
    program = get_seen(Program, program_id, seen_by=request.auth)
    return RemindersOut(days=set_reminders(program, entry.days).reminds_days)


def _shaped(unit: Unit) -> UnitExpiryOut:
    return UnitExpiryOut(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        worth_minor=unit.worth_minor,
        worth_points=unit.worth_points,
        expiry=unit.life.latest,
        versions=[
            ExpiryVersionOut(
                expiry=one.expiry, in_force_from=one.in_force_from, reaches_old=one.reaches_old
            )
            for one in unit.life.versions
        ],
    )
