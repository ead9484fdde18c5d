"""What a program owes for points: vintages from the ledger, and the roll-forward over them."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection

from regulars.company.queries import get_brand
from regulars.loyalty.models import LiabilityEstimate, StatedRate, Unit
from regulars.loyalty.rules.breakage import Cohort
from regulars.loyalty.rules.rolling import Expectation, Month, Vintage, Worth, roll_forward

MILLION = 1_000_000
REMEMBERED_S = 600

ISSUED = """
    SELECT date_trunc('month', given.at AT TIME ZONE %(zone)s)::date,
        sum(lot.granted)::bigint,
        coalesce(sum(lot.granted) FILTER (WHERE given.accrual_id IS NOT NULL), 0)::bigint,
        coalesce(sum(lot.granted) FILTER (WHERE given.key LIKE 'adjustment:%%'), 0)::bigint
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    JOIN loyalty_transfer given ON given.id = lot.id
    WHERE account.unit_id = %(unit)s AND lot.origin_id IS NULL AND lot.first_id IS NULL GROUP BY 1
"""

PRICES = """
    WITH sold AS (
        SELECT DISTINCT date_trunc('month', given.at AT TIME ZONE %(zone)s)::date AS month,
            accrual.purchase_id
        FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
        JOIN loyalty_transfer given ON given.id = lot.id
        JOIN loyalty_accrual accrual ON accrual.id = given.accrual_id
        WHERE account.unit_id = %(unit)s AND lot.origin_id IS NULL AND lot.first_id IS NULL
    )
    SELECT sold.month, sum(purchase.total_minor)::bigint,
        sum(purchase.total_minor + purchase.discount_minor)::bigint
    FROM sold JOIN customers_purchase purchase ON purchase.id = sold.purchase_id GROUP BY 1
"""

MOVED = """
    SELECT date_trunc('month', given.at AT TIME ZONE %(zone)s)::date,
        date_trunc('month', moved.at AT TIME ZONE %(zone)s)::date,
        CASE coalesce(nullif(target.pot, ''), source.pot)
            WHEN 'redeemed' THEN 'redeemed' WHEN 'held' THEN 'redeemed'
            WHEN 'expired' THEN 'expired'
            ELSE CASE WHEN moved.key LIKE 'adjustment:%%' THEN 'taken' ELSE 'reversed' END END,
        sum(use.amount)::bigint
    FROM loyalty_lotuse use JOIN loyalty_transfer moved ON moved.id = use.transfer_id
    JOIN loyalty_account target ON target.id = moved.target_id
    JOIN loyalty_account source ON source.id = moved.source_id
    JOIN loyalty_lot lot ON lot.id = use.lot_id
    JOIN loyalty_lot root ON root.id = coalesce(lot.origin_id, lot.id)
    JOIN loyalty_lot origin ON origin.id = coalesce(root.first_id, root.id)
    JOIN loyalty_transfer given ON given.id = origin.id
    WHERE target.unit_id = %(unit)s
        AND (target.member_id IS NULL OR source.member_id IS NULL OR lot.id = moved.id)
    GROUP BY 1, 2, 3
"""

OPEN = """
    SELECT date_trunc('month', given.at AT TIME ZONE %(zone)s)::date, sum(lot.remaining)::bigint
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    JOIN loyalty_lot root ON root.id = coalesce(lot.origin_id, lot.id)
    JOIN loyalty_lot origin ON origin.id = coalesce(root.first_id, root.id)
    JOIN loyalty_transfer given ON given.id = origin.id
    WHERE account.unit_id = %(unit)s AND lot.remaining > 0 GROUP BY 1
"""


def place_of(month: date) -> int:
    """A month as a whole number.

    >>> place_of(date(2026, 1, 1)) - place_of(date(2025, 12, 1))
    1
    """
    return month.year * 12 + month.month - 1


def month_at(place: int) -> date:
    """The first day of the month of that number."""
    return date(place // 12, place % 12 + 1, 1)


def month_now(now: datetime) -> date:
    """The first day of the company's present month."""
    return now.astimezone(ZoneInfo(get_brand().timezone)).date().replace(day=1)


def vintages_of(unit: Unit, *, now: datetime) -> list[Vintage]:
    """Points of a unit by month of issue, with what became of them; they tie to the open lots.

    Points set aside by a hold count as redeemed. Where records were parted, points change between
    vintages; that difference stands in the present month. Remembered until a transfer is posted.
    """
    zone = get_brand().timezone
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM loyalty_transfer")
        newest = int(cursor.fetchone()[0])
    name = f"loyalty.vintages:{unit.pk}:{zone}:{newest}:{month_now(now)}"
    found: list[Vintage] | None = cache.get(name)
    if found is None:
        found = _read(unit, zone=zone, present=place_of(month_now(now)))
        cache.set(name, found, REMEMBERED_S)
    return found


def _read(unit: Unit, *, zone: str, present: int) -> list[Vintage]:
    told: dict[str, str | int] = {"zone": zone, "unit": unit.pk}
    with connection.cursor() as cursor:
        cursor.execute(PRICES, told)
        prices = {month: (paid, alone) for month, paid, alone in cursor.fetchall()}
        cursor.execute(ISSUED, told)
        vintages = {
            month: Vintage(place_of(month), issued, sold, *prices.get(month, (0, 0)), by_hand)
            for month, issued, sold, by_hand in cursor.fetchall()
        }
        cursor.execute(MOVED, told)
        for month, at, what, amount in cursor.fetchall():
            moved = getattr(vintages[month], what)
            moved[place_of(at)] = moved.get(place_of(at), 0) + amount
        cursor.execute(OPEN, told)
        still = dict(cursor.fetchall())
    for month, vintage in vintages.items():
        gone = (vintage.redeemed, vintage.expired, vintage.reversed, vintage.taken)
        left = vintage.issued - sum(sum(moved.values()) for moved in gone)
        if other := left - still.get(month, 0):
            vintage.reversed[present] = vintage.reversed.get(present, 0) + other
    return [vintages[month] for month in sorted(vintages)]


def cohorts_as_of(vintages: list[Vintage], month: int) -> list[Cohort]:
    """The vintages as they stood at the end of a month, for the redemption curve."""
    cohorts = []
    for one in vintages:
        if one.month <= month:
            ages = range(one.month, month + 1)
            cohorts.append(
                Cohort(
                    one.issued - one.until(one.reversed, month) - one.until(one.taken, month),
                    tuple(one.redeemed.get(at, 0) for at in ages),
                    tuple(one.expired.get(at, 0) for at in ages),
                )
            )
    return cohorts


@dataclass(frozen=True)
class Liability:
    """What is owed for a unit: the roll-forward by month, and the estimate it rests on at its end."""

    unit: Unit
    months: tuple[Month, ...]
    estimate: LiabilityEstimate | None
    stated: StatedRate | None

    @property
    def closing_minor(self) -> int:
        """What is owed now, in minor units."""
        return self.months[-1].closing_minor if self.months else 0


def liability_of(unit: Unit, *, now: datetime) -> Liability:
    """The roll-forward from the first month in which points were issued to the present one.

    Past months stand on the estimates stored when they ended; the present one on the latest.
    """
    vintages = vintages_of(unit, now=now)
    rows = list(LiabilityEstimate.objects.filter(unit=unit).order_by("month"))
    stated = StatedRate.objects.filter(unit=unit).order_by("-id").first()
    if not vintages:
        return Liability(unit, (), None, stated)
    kept = {place_of(row.month): expectation_of(row) for row in rows}
    present = place_of(month_now(now))
    latest = expectation_of(rows[-1]) if rows else Expectation()
    if stated is not None and place_of(stated.month) >= present:
        latest = Expectation(stated=_share(stated.rate_ppm)) if stated.rate_ppm else latest
    beliefs: dict[int, Expectation] = {}
    for place in range(vintages[0].month, present + 1):
        beliefs[place] = kept.get(place, beliefs.get(place - 1, Expectation()))
    beliefs[present] = kept.get(present, latest)
    months = roll_forward(vintages, beliefs, worth=Worth(unit.worth_minor, unit.worth_points))
    return Liability(unit, tuple(months), rows[-1] if rows else None, stated)


def expectation_of(row: LiabilityEstimate) -> Expectation:
    """What a stored estimate believed."""
    if row.basis == "stated":
        return Expectation(stated=_share(row.rate_ppm))
    return Expectation(curve=tuple((one[0], one[1]) for one in row.curve))


def _share(ppm: int | None) -> Fraction | None:
    return None if ppm is None else Fraction(ppm, MILLION)


@dataclass(frozen=True)
class JournalLine:
    """One line of the journal: an amount in minor units from one ledger account to another."""

    month: date
    unit: str
    memo: str
    debit: str
    credit: str
    minor: int


ENTRIES = (
    ("points issued with sales", "revenue", "contract_liability", "from_sales_minor"),
    ("points given without a sale", "marketing", "contract_liability", "from_gifts_minor"),
    ("adjusted by hand", "marketing", "contract_liability", "adjusted_minor"),
    ("goods returned", "contract_liability", "revenue", "returned_minor"),
    ("points redeemed", "contract_liability", "revenue", "redeemed_minor"),
    ("breakage", "contract_liability", "breakage_revenue", "broken_minor"),
    ("new estimate", "breakage_revenue", "contract_liability", "re_estimated_minor"),
)
"""What each column of the roll-forward is booked as; a negative amount swaps debit and credit."""


def journal_of(liability: Liability) -> list[JournalLine]:
    """The journal of all months: its balance of `contract_liability` is the closing one."""
    lines = []
    for month in liability.months:
        for memo, debit, credit, column in ENTRIES:
            minor = getattr(month, column)
            sides = (debit, credit) if minor >= 0 else (credit, debit)
            if minor:
                first = month_at(month.month)
                lines.append(JournalLine(first, liability.unit.code, memo, *sides, abs(minor)))
    return lines
