"""Estimates of the liability: stored at the end of each month, or stated by the company."""

from datetime import date, datetime
from fractions import Fraction

from django.db import transaction

from regulars.core.errors import Refused
from regulars.loyalty.models import LiabilityEstimate, StatedRate, Unit
from regulars.loyalty.queries.liability import MILLION
from regulars.loyalty.queries.months import month_at, month_now, place_of
from regulars.loyalty.queries.vintages import cohorts_as_of, vintages_of
from regulars.loyalty.rules.breakage import estimate
from regulars.loyalty.rules.rolling import Vintage


def store_estimates(*, now: datetime) -> int:
    """Store the estimate of every ended month that has none; says how many were. Repeats are harmless.

    Each is made from what was known at the end of its month, so a late run stores what a punctual
    one would have.
    """
    return sum(
        _store(unit, now=now) for unit in Unit.objects.exclude(kind="qualifying").order_by("id")
    )


@transaction.atomic
def _store(unit: Unit, *, now: datetime) -> int:
    vintages = vintages_of(unit, now=now)
    if not vintages:
        return 0
    known = set(LiabilityEstimate.objects.filter(unit=unit).values_list("month", flat=True))
    ended = range(vintages[0].month, place_of(month_now(now)))
    stated = list(StatedRate.objects.filter(unit=unit).order_by("id"))
    rows = [
        _estimated(unit, vintages, month, stated, now=now)
        for month in map(month_at, ended)
        if month not in known
    ]
    LiabilityEstimate.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _estimated(
    unit: Unit, vintages: list[Vintage], month: date, stated: list[StatedRate], *, now: datetime
) -> LiabilityEstimate:
    row = LiabilityEstimate(unit=unit, month=month, basis="none", rate_ppm=MILLION, made_at=now)
    in_force = [one for one in stated if one.month <= month]
    if in_force and (rate := in_force[-1].rate_ppm) is not None:
        row.basis, row.rate_ppm = "stated", rate
        return row
    cohorts = cohorts_as_of(vintages, place_of(month))
    found = estimate(cohorts, life_months=unit.life.latest.longest_months)
    if found is not None:
        row.basis, row.rate_ppm, row.cohorts = "curve", _ppm(found.rate), found.cohorts
        row.low_ppm, row.high_ppm = _ppm(found.low), _ppm(found.high)
        row.curve = [list(one) for one in found.curve]
    return row


def _ppm(share: Fraction | float) -> int:
    return round(Fraction(share) * MILLION)


@transaction.atomic
def state_rate(
    unit: Unit, *, rate_ppm: int | None, reason: str, by: int | None, now: datetime
) -> StatedRate:
    """Have a redemption rate hold from this month on, in millionths; None lets the curve hold again.

    Months that have ended keep their estimates; the change is a catch-up of the present month.
    """
    if not reason.strip():
        raise Refused("reason_is_missing", "say why: an auditor will ask", "reason")
    if rate_ppm is not None and not 0 <= rate_ppm <= MILLION:
        raise Refused("bad_rate", "a share is from 0 to 100 percent", "rate")
    return StatedRate.objects.create(
        unit=unit,
        month=month_now(now),
        rate_ppm=rate_ppm,
        reason=reason.strip()[:300],
        by_id=by,
        at=now,
    )
