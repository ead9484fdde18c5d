"""What a program owes for points: the roll-forward over vintages, and the journal that books it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from regulars.company.queries import get_brand
from regulars.loyalty.models import LiabilityEstimate, StatedRate, Unit
from regulars.loyalty.queries.months import month_at, month_now, place_of
from regulars.loyalty.queries.partners import months_by_partner
from regulars.loyalty.queries.vintages import partners_that_pay, vintages_apart
from regulars.loyalty.rules.partners import Receivable, receivables
from regulars.loyalty.rules.rolling import Expectation, Month, Vintage, Worth, roll_forward

MILLION = 1_000_000


class PaidMonth(NamedTuple):
    """A month of points that partners pay for: what is owed to members, and what partners owe."""

    owed: Month
    receivable: Receivable


@dataclass(frozen=True)
class Liability:
    """What is owed for a unit: the roll-forward by month, and the estimate it rests on at its end.

    `months` are of points that the program pays for itself, `paid` of those that partners pay for,
    over the same months; empty where no partner does.
    """

    unit: Unit
    months: tuple[Month, ...]
    estimate: LiabilityEstimate | None
    stated: StatedRate | None
    paid: tuple[PaidMonth, ...] = ()

    @property
    def closing_minor(self) -> int:
        """What is owed to members now, whoever pays for it, in minor units."""
        return sum(months[-1].closing_minor for months in (self.months, self.owed_paid) if months)

    @property
    def owed_paid(self) -> tuple[Month, ...]:
        """The roll-forward of points that partners pay for."""
        return tuple(one.owed for one in self.paid)

    @property
    def open(self) -> int:
        """Points that members have, whoever pays for them."""
        return sum(months[-1].open for months in (self.months, self.owed_paid) if months)

    @property
    def receivable_minor(self) -> int:
        """What partners owe for points and was not billed yet, in minor units."""
        return self.paid[-1].receivable.closing_minor if self.paid else 0

    @property
    def closings(self) -> list[tuple[int, int]]:
        """What was owed at the end of each month, whoever pays for it."""
        sums = Counter[int]()
        for one in (*self.months, *self.owed_paid):
            sums[one.month] += one.closing_minor
        return sorted(sums.items())


def liability_of(unit: Unit, *, now: datetime) -> Liability:
    """The roll-forward from the first month in which points were issued to the present one.

    Past months stand on the estimates stored when they ended; the present one on the latest.
    """
    own, paid = vintages_apart(unit, now=now)
    rows = list(LiabilityEstimate.objects.filter(unit=unit).order_by("month"))
    stated = StatedRate.objects.filter(unit=unit).order_by("-id").first()
    if not own and not paid:
        return Liability(unit, (), None, stated)
    first = min(one.month for one in (*own, *paid))
    beliefs = _beliefs(rows, stated, first=first, present=place_of(month_now(now)))
    worth = Worth(unit.worth_minor, unit.worth_points)
    months = tuple(roll_forward(own, beliefs, worth=worth))
    shown = tuple(_paid_months(unit, paid, beliefs, worth)) if paid else ()
    return Liability(unit, months, rows[-1] if rows else None, stated, shown)


def _beliefs(
    rows: list[LiabilityEstimate], stated: StatedRate | None, *, first: int, present: int
) -> dict[int, Expectation]:
    """What was believed at the end of each month, up to the present one."""
    kept = {place_of(row.month): expectation_of(row) for row in rows}
    latest = expectation_of(rows[-1]) if rows else Expectation()
    if stated is not None and place_of(stated.month) >= present:
        latest = Expectation(stated=_share(stated.rate_ppm)) if stated.rate_ppm else latest
    beliefs: dict[int, Expectation] = {}
    for place in range(first, present + 1):
        beliefs[place] = kept.get(place, beliefs.get(place - 1, Expectation()))
    beliefs[present] = kept.get(present, latest)
    return beliefs


def _paid_months(
    unit: Unit, vintages: list[Vintage], beliefs: dict[int, Expectation], worth: Worth
) -> list[PaidMonth]:
    """The months of what partners pay for: each point at the price of its month with its partner."""
    charged, credited, billed = Counter[int](), Counter[int](), Counter[int]()
    zone = ZoneInfo(get_brand().timezone)
    for months in months_by_partner(partners_that_pay(unit)).values():
        for one in months:
            if one.unit.pk != unit.pk:
                continue
            place, price_minor = place_of(one.month), one.issue_price_minor
            charged[place] += one.moved.issued * price_minor
            credited[place] += one.moved.returned * price_minor
            if one.closed_at is not None:
                net = one.moved.issued - one.moved.returned
                billed[place_of(one.closed_at.astimezone(zone).date())] += net * price_minor
    priced = [
        replace(one, sold=one.issued, paid_minor=charged[one.month], price_minor=0, alone_minor=0)
        for one in vintages
    ]
    owed = roll_forward(priced, beliefs, worth=worth)
    due = receivables(
        [one.month for one in owed], charged=charged, credited=credited, billed=billed
    )
    return [PaidMonth(*both) for both in zip(owed, due, strict=True)]


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

OWED_FOR_PARTNERS = "partner_contract_liability"
PAID_ENTRIES = (
    ("partners' points issued", "partner_receivable", OWED_FOR_PARTNERS, "from_sales_minor"),
    ("partners' points adjusted by hand", "marketing", OWED_FOR_PARTNERS, "adjusted_minor"),
    ("partners' goods returned", OWED_FOR_PARTNERS, "revenue", "returned_minor"),
    ("partners' points redeemed", OWED_FOR_PARTNERS, "revenue", "redeemed_minor"),
    ("breakage of partners' points", OWED_FOR_PARTNERS, "breakage_revenue", "broken_minor"),
    ("new estimate of partners' points", "breakage_revenue", OWED_FOR_PARTNERS, "re_estimated_minor"),
)  # fmt: skip
RECEIVABLE_ENTRIES = (
    ("credited to partners", "revenue", "partner_receivable", "credited_minor"),
    ("billed to partners", "trade_receivable", "partner_receivable", "billed_minor"),
)
"""What partners are charged is the other side of what is deferred, so it is no line of its own."""

Entries = tuple[tuple[str, str, str, str], ...]


def journal_of(liability: Liability) -> list[JournalLine]:
    """The journal of all months: the balances of its accounts are the closing ones.

    `contract_liability` closes as the roll-forward does, `partner_contract_liability` as that of
    what partners pay for, and `partner_receivable` as what is to be billed to them.
    """
    lines = [
        line for one in liability.months for line in _lines(liability, one.month, one, ENTRIES)
    ]
    for owed, receivable in liability.paid:
        lines += _lines(liability, owed.month, owed, PAID_ENTRIES)
        lines += _lines(liability, owed.month, receivable, RECEIVABLE_ENTRIES)
    return sorted(lines, key=lambda line: line.month)


def _lines(
    liability: Liability, month: int, row: Month | Receivable, entries: Entries
) -> list[JournalLine]:
    lines = []
    for memo, debit, credit, column in entries:
        minor = getattr(row, column)
        sides = (debit, credit) if minor >= 0 else (credit, debit)
        if minor:
            unit = liability.unit.code
            lines.append(JournalLine(month_at(month), unit, memo, *sides, abs(minor)))
    return lines
