"""Figures of a program: members, points issued and redeemed by month, what is open, tiers."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import cast

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, QuerySet

from regulars.loyalty.models import Member, Program, Tier, Unit

REMEMBERED_S = 600

MOVED_BY_MONTH = """
    SELECT date_trunc('month', at AT TIME ZONE %(zone)s)::date AS month, sum(amount)::bigint
    FROM (
        SELECT transfer.at, transfer.amount FROM loyalty_transfer transfer
        JOIN loyalty_account pot ON pot.id = transfer.{out}_id
        WHERE pot.unit_id = %(unit)s AND pot.pot = ANY(%(pots)s::text[])
        UNION ALL
        SELECT transfer.at, -transfer.amount FROM loyalty_transfer transfer
        JOIN loyalty_account pot ON pot.id = transfer.{back}_id
        WHERE pot.unit_id = %(unit)s AND pot.pot = ANY(%(pots)s::text[])
    ) moved GROUP BY month ORDER BY month
"""


@dataclass(frozen=True)
class MonthlyAmount:
    """An amount of points in the month that begins on a day."""

    month: date
    amount: int


@dataclass(frozen=True)
class TierCount:
    """How many members stand on a tier; no tier for those below the lowest."""

    tier: Tier | None
    members: int


@dataclass(frozen=True)
class ProgramFigures:
    """What the first page of a program shows of one spendable unit."""

    unit: Unit
    members: int
    open: int
    worth_minor: int
    issued: tuple[MonthlyAmount, ...]
    redeemed: tuple[MonthlyAmount, ...]

    @property
    def issued_in_all(self) -> int:
        """All points ever issued."""
        return sum(one.amount for one in self.issued)

    @property
    def redeemed_in_all(self) -> int:
        """All points ever redeemed, less what was undone."""
        return sum(one.amount for one in self.redeemed)


def figures_of(program: Program, unit: Unit, *, zone: str) -> ProgramFigures:
    """The figures of a program in one unit; months are those of the zone. 5 statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(balance), 0)::bigint FROM loyalty_account"
            " WHERE unit_id = %s AND member_id IS NOT NULL",
            [unit.pk],
        )
        held = int(cursor.fetchone()[0])
        cursor.execute("SELECT coalesce(max(id), 0) FROM loyalty_transfer")
        newest = int(cursor.fetchone()[0])
    return ProgramFigures(
        unit=unit,
        members=Member.objects.filter(program=program, led_by=None).count(),
        open=held,
        worth_minor=unit.worth_of(held),
        issued=_moved(unit, "issued", zone=zone, newest=newest),
        redeemed=_moved(unit, "redeemed", zone=zone, newest=newest),
    )


def tier_counts_of(program: Program) -> list[TierCount]:
    """How many members stand on each tier, highest first, those below the lowest last."""
    counted = dict(
        Member.objects.filter(program=program, led_by=None)
        .order_by()
        .values_list("tier")
        .annotate(members=Count("id"))
    )
    tiers = list(
        Tier.objects.filter(program=program, ladder__position=0).order_by(
            "is_retired", "-qualifying_min"
        )
    )
    return [
        *(
            TierCount(tier, counted.get(tier.pk, 0))
            for tier in tiers
            if not tier.is_retired or tier.pk in counted
        ),
        TierCount(None, counted.get(None, 0)),
    ]


def spendable_units_of(program: Program) -> QuerySet[Unit]:
    """The units of a program that members can spend, in the order they were added."""
    return Unit.objects.filter(program=program).exclude(kind="qualifying").order_by("id")


def _moved(unit: Unit, pot: str, *, zone: str, newest: int) -> tuple[MonthlyAmount, ...]:
    """Sums by month, remembered until another transfer is posted: a sum of all of them is dear."""
    name = f"loyalty.moved:{unit.pk}:{pot}:{zone}:{newest}"
    return cast(
        "tuple[MonthlyAmount, ...]",
        cache.get_or_set(name, partial(_summed, unit, pot, zone=zone), REMEMBERED_S),
    )


def _summed(unit: Unit, pot: str, *, zone: str) -> tuple[MonthlyAmount, ...]:
    out, back = ("source", "target") if pot == "issued" else ("target", "source")
    pots = ["issued", "partner"] if pot == "issued" else [pot]
    with connection.cursor() as cursor:
        cursor.execute(
            MOVED_BY_MONTH.format(out=out, back=back),
            {"unit": unit.pk, "pots": pots, "zone": zone},
        )
        return tuple(MonthlyAmount(*row) for row in cursor.fetchall())
