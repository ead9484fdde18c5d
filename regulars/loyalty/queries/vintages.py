"""Points of a unit by month of issue, and what became of them, as the ledger has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import connection

from regulars.company.queries import get_brand
from regulars.loyalty.models import Account, Partner, Rule, Unit
from regulars.loyalty.queries.months import month_now, place_of
from regulars.loyalty.rules.breakage import Cohort
from regulars.loyalty.rules.rolling import Vintage

REMEMBERED_S = 600

PAID = "(given.rule_id = ANY(%(rules)s::bigint[]) AND given.source_id = ANY(%(pots)s::bigint[]))"
"""Points given that a partner pays for: by its rules, and out of its pot."""

ISSUED = """
    SELECT date_trunc('month', given.{when} AT TIME ZONE %(zone)s)::date,
        sum(lot.granted)::bigint,
        coalesce(sum(lot.granted) FILTER (WHERE given.accrual_id IS NOT NULL), 0)::bigint,
        coalesce(sum(lot.granted) FILTER (WHERE given.key LIKE 'adjustment:%%'), 0)::bigint
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    JOIN loyalty_transfer given ON given.id = lot.id
    WHERE account.unit_id = %(unit)s AND lot.origin_id IS NULL AND lot.first_id IS NULL AND {of} GROUP BY 1
"""

PRICES = """
    WITH sold AS (
        SELECT DISTINCT date_trunc('month', given.{when} AT TIME ZONE %(zone)s)::date AS month,
            accrual.purchase_id
        FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
        JOIN loyalty_transfer given ON given.id = lot.id
        JOIN loyalty_accrual accrual ON accrual.id = given.accrual_id
        WHERE account.unit_id = %(unit)s AND lot.origin_id IS NULL AND lot.first_id IS NULL
            AND {of}
    )
    SELECT sold.month, sum(purchase.total_minor)::bigint,
        sum(purchase.total_minor + purchase.discount_minor)::bigint
    FROM sold JOIN customers_purchase purchase ON purchase.id = sold.purchase_id GROUP BY 1
"""

MOVED = """
    SELECT date_trunc('month', given.{when} AT TIME ZONE %(zone)s)::date,
        date_trunc('month', CASE WHEN target.pot = 'expired' THEN greatest(moved.at, given.{when})
            ELSE moved.{when} END AT TIME ZONE %(zone)s)::date,
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
        AND {of}
    GROUP BY 1, 2, 3
"""

OPEN = """
    SELECT date_trunc('month', given.{when} AT TIME ZONE %(zone)s)::date, sum(lot.remaining)::bigint
    FROM loyalty_lot lot JOIN loyalty_account account ON account.id = lot.account_id
    JOIN loyalty_lot root ON root.id = coalesce(lot.origin_id, lot.id)
    JOIN loyalty_lot origin ON origin.id = coalesce(root.first_id, root.id)
    JOIN loyalty_transfer given ON given.id = origin.id
    WHERE account.unit_id = %(unit)s AND lot.remaining > 0 AND {of} GROUP BY 1
"""

QUERIES = {"issued": ISSUED, "prices": PRICES, "moved": MOVED, "open": OPEN}


class Vintages(NamedTuple):
    """Points that the program pays for itself, and those that partners pay for.

    The former lie in the month of the purchase. The latter lie in the month in which they were
    booked, as in what is settled with partners, so that both can be laid side by side.
    """

    own: list[Vintage]
    paid: list[Vintage]


class _Of(NamedTuple):
    """Which points are read, and by which of their times."""

    of: str
    when: str = "at"


def vintages_of(unit: Unit, *, now: datetime) -> list[Vintage]:
    """All points of a unit by month of issue, with what became of them; they tie to the open lots.

    Points set aside by a hold count as redeemed. Where records were parted, points change between
    vintages; that difference stands in the present month. Remembered until a transfer is posted.
    """
    return _remembered(unit, _Of("true"), rules=[], now=now)


def vintages_apart(unit: Unit, *, now: datetime) -> Vintages:
    """The same, with those that partners pay for apart: where terms with the partner set a price."""
    rules = _rules_that_partners_pay(unit)
    if not rules:
        return Vintages(vintages_of(unit, now=now), [])
    own = _remembered(unit, _Of(f"NOT coalesce({PAID}, false)"), rules=rules, now=now)
    return Vintages(own, _remembered(unit, _Of(PAID, "recorded_at"), rules=rules, now=now))


def partners_that_pay(unit: Unit) -> list[Partner]:
    """The partners of the unit's program who pay for points."""
    paying = Partner.objects.filter(program_id=unit.program_id, issue_price_minor__gt=0)
    return list(paying.order_by("id"))


def _rules_that_partners_pay(unit: Unit) -> list[int]:
    names = [one.name for one in partners_that_pay(unit)]
    rules = Rule.objects.filter(program_id=unit.program_id, settings__partner__in=names)
    return list(rules.order_by("id").values_list("id", flat=True)) if names else []


def _remembered(unit: Unit, of: _Of, *, rules: Sequence[int], now: datetime) -> list[Vintage]:
    zone = get_brand().timezone
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM loyalty_transfer")
        newest = int(cursor.fetchone()[0])
    present = month_now(now)
    which = f"{of.when}:{'.'.join(map(str, rules))}"
    name = f"loyalty.vintages:{unit.pk}:{zone}:{newest}:{present}:{which}"
    found: list[Vintage] | None = cache.get(name)
    if found is None:
        pots = Account.objects.filter(unit=unit, pot="partner", member=None)
        told = {"zone": zone, "unit": unit.pk, "rules": list(rules)}
        told["pots"] = list(pots.values_list("id", flat=True))
        found = _read(told, of, present=place_of(present))
        cache.set(name, found, REMEMBERED_S)
    return found


def _read(told: dict[str, Any], of: _Of, *, present: int) -> list[Vintage]:
    asked = {name: text.format(**of._asdict()) for name, text in QUERIES.items()}
    with connection.cursor() as cursor:
        cursor.execute(asked["prices"], told)
        prices = {month: (paid, alone) for month, paid, alone in cursor.fetchall()}
        cursor.execute(asked["issued"], told)
        vintages = {
            month: Vintage(place_of(month), issued, sold, *prices.get(month, (0, 0)), by_hand)
            for month, issued, sold, by_hand in cursor.fetchall()
        }
        cursor.execute(asked["moved"], told)
        for month, at, what, amount in cursor.fetchall():
            moved = getattr(vintages[month], what)
            moved[place_of(at)] = moved.get(place_of(at), 0) + amount
        cursor.execute(asked["open"], told)
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
