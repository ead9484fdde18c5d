"""What a program owes for points, for accounting systems."""

from datetime import date, datetime

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.core.access import seen
from regulars.core.api.operations import reads, writes
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import NotFound
from regulars.loyalty.actions.liability import state_rate
from regulars.loyalty.models import Program, Unit
from regulars.loyalty.queries.figures import spendable_units_of
from regulars.loyalty.queries.liability import PaidMonth, journal_of, liability_of
from regulars.loyalty.queries.months import month_at
from regulars.loyalty.rules.rolling import Month

router = Router(tags=["Loyalty"])


class LiabilityAsk(Schema):
    """Which unit is asked for; the first spendable one unless named."""

    unit: str = Field("", max_length=30)


class MonthOut(Schema):
    """A line of the roll-forward, in minor units; the columns from opening add up to closing."""

    month: date
    opening_minor: int
    from_sales_minor: int
    from_gifts_minor: int
    adjusted_minor: int
    returned_minor: int
    redeemed_minor: int
    broken_minor: int
    re_estimated_minor: int
    closing_minor: int
    issued: int
    adjusted: int
    redeemed: int
    expired: int
    reversed: int
    open: int


class ReceivableOut(Schema):
    """What partners owe for points and was not billed before, in minor units.

    opening + charged - credited - billed = closing.
    """

    opening_minor: int
    charged_minor: int
    credited_minor: int
    billed_minor: int
    closing_minor: int


class PaidMonthOut(MonthOut):
    """The same of points that partners pay for: `from_sales_minor` is what they are charged."""

    receivable: ReceivableOut


class EstimateOut(Schema):
    """The estimate in force: a share in millionths, its interval, and what it rests on."""

    month: date
    basis: str
    rate_ppm: int
    low_ppm: int | None
    high_ppm: int | None
    cohorts: int


class JournalOut(Schema):
    """A line of the journal."""

    month: date
    memo: str
    debit: str
    credit: str
    minor: int


class LiabilityOut(Schema):
    """What is owed for a unit; `estimate` is null while no month has ended.

    `months` are of points that the program pays for itself, `paid_by_partners` of those that
    partners pay for; `closing_minor` is owed to members for both, `receivable_minor` by partners.
    """

    unit: str
    currency: str
    closing_minor: int
    receivable_minor: int
    estimate: EstimateOut | None
    months: list[MonthOut]
    paid_by_partners: list[PaidMonthOut]
    journal: list[JournalOut]


class StatedIn(Schema):
    """A redemption rate that the company states from this month on; null goes back to the curve."""

    unit: str = Field(max_length=30, examples=["points"])
    rate_ppm: int | None = Field(ge=0, le=1_000_000, examples=[850_000])
    reason: str = Field(min_length=1, max_length=300, examples=["As of the last audit"])


class StatedOut(Schema):
    """A stated rate."""

    id: int
    month: date
    rate_ppm: int | None
    reason: str
    at: datetime


@router.get("/programs/{code}/liability", response=LiabilityOut, **reads("loyalty:read"))
def get_liability(request: ApiRequest, code: str, ask: Query[LiabilityAsk]) -> LiabilityOut:
    """The roll-forward of a unit by month, with the journal that books it."""
    program = _program(request, code)
    owed = liability_of(_unit(program, ask.unit), now=moment_of_now())
    estimate = owed.estimate
    return LiabilityOut(
        unit=owed.unit.code,
        currency=program.currency,
        closing_minor=owed.closing_minor,
        receivable_minor=owed.receivable_minor,
        estimate=EstimateOut.from_orm(estimate) if estimate else None,
        months=[MonthOut.model_validate(_month_told(one)) for one in owed.months],
        paid_by_partners=[_paid_month(one) for one in owed.paid],
        journal=[
            JournalOut(
                month=one.month, memo=one.memo, debit=one.debit, credit=one.credit, minor=one.minor
            )
            for one in journal_of(owed)
        ],
    )


def _month_told(month: Month) -> dict[str, object]:
    return {**vars(month), "month": month_at(month.month)}


def _paid_month(one: PaidMonth) -> PaidMonthOut:
    due = one.receivable
    receivable = {**due._asdict(), "closing_minor": due.closing_minor}
    return PaidMonthOut.model_validate({**_month_told(one.owed), "receivable": receivable})


@router.post(
    "/programs/{code}/liability/rates", response={201: StatedOut}, **writes("loyalty:write")
)
def create_stated_rate(request: ApiRequest, code: str, entry: StatedIn) -> Status[StatedOut]:
    """State a redemption rate; months that have ended keep their estimates."""
    unit = _unit(_program(request, code), entry.unit)
    made = state_rate(
        unit, rate_ppm=entry.rate_ppm, reason=entry.reason, by=None, now=moment_of_now()
    )
    return Status(201, StatedOut.from_orm(made))


def _program(request: ApiRequest, code: str) -> Program:
    found = seen(Program, request.auth).filter(code=code).first()
    if found is None:
        raise NotFound("not_found", "there is no such program", "code")
    return found


def _unit(program: Program, code: str) -> Unit:
    units = spendable_units_of(program)
    found = units.filter(code=code).first() if code else units.first()
    if found is None:
        raise NotFound("unknown_unit", f"nothing spendable is called {code!r}", "unit")
    return found
