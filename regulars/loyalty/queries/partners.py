"""Points of partners: every movement with its month, and what is settled or still open."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from regulars.company.queries import get_brand
from regulars.loyalty.models import (
    Partner,
    PartnerStatement,
    Program,
    Reward,
    RewardOrder,
    Rule,
    Unit,
)
from regulars.loyalty.queries.months import month_at, month_now, place_of
from regulars.loyalty.rules.partners import Moved, owed_minor

MOVEMENTS = """
    SELECT 'issued' AS kind, transfer.id AS number, partner.id AS partner_id, pot.unit_id,
        transfer.recorded_at AS at, transfer.amount::bigint AS points
    FROM loyalty_account pot
    JOIN loyalty_transfer transfer ON transfer.source_id = pot.id
    JOIN loyalty_rule rule ON rule.id = transfer.rule_id
    JOIN loyalty_partner partner ON partner.program_id = rule.program_id
        AND partner.name = rule.settings ->> 'partner'
    WHERE pot.pot = 'partner' AND pot.member_id IS NULL
    UNION ALL
    SELECT 'returned', number, partner_id, unit_id, at,
        upto * part / whole - (upto - taken) * part / whole
    FROM (
        SELECT back.id AS number, share.partner_id, share.unit_id, back.recorded_at AS at,
            share.part, share.whole, back.amount AS taken, sum(back.amount) OVER (
                PARTITION BY share.partner_id, share.unit_id, share.accrual_id ORDER BY back.id
            )::bigint AS upto
        FROM (
            SELECT partner.id AS partner_id, pot.unit_id, transfer.accrual_id,
                sum(transfer.amount)::bigint AS part, (
                    SELECT sum(given.amount)::bigint FROM loyalty_transfer given
                    JOIN loyalty_account source ON source.id = given.source_id
                        AND source.pot IN ('issued', 'partner') AND source.unit_id = pot.unit_id
                    WHERE given.accrual_id = transfer.accrual_id
                ) AS whole
            FROM loyalty_account pot
            JOIN loyalty_transfer transfer ON transfer.source_id = pot.id
            JOIN loyalty_rule rule ON rule.id = transfer.rule_id
            JOIN loyalty_partner partner ON partner.program_id = rule.program_id
                AND partner.name = rule.settings ->> 'partner'
            WHERE pot.pot = 'partner' AND pot.member_id IS NULL
                AND transfer.accrual_id IS NOT NULL
            GROUP BY partner.id, pot.unit_id, transfer.accrual_id
        ) share
        JOIN loyalty_transfer back ON back.accrual_id = share.accrual_id
        JOIN loyalty_account target ON target.id = back.target_id AND target.pot = 'reversed'
            AND target.unit_id = share.unit_id
        WHERE back.key !~ ':payout:[0-9]+:'
    ) taken
    UNION ALL
    SELECT 'returned', back.id, partner.id, pot.unit_id, back.recorded_at, back.amount::bigint
    FROM loyalty_account pot
    JOIN loyalty_transfer back ON back.target_id = pot.id
    JOIN loyalty_rule rule ON rule.id = substring(back.key FROM ':payout:([0-9]+):')::bigint
    JOIN loyalty_partner partner ON partner.program_id = rule.program_id
        AND partner.name = rule.settings ->> 'partner'
    WHERE pot.pot = 'reversed' AND pot.member_id IS NULL
    UNION ALL
    SELECT step.kind, redemption.id, partner.id, redemption.unit_id, step.at, redemption.amount
    FROM loyalty_partner partner
    JOIN loyalty_reward reward ON reward.program_id = partner.program_id
    JOIN loyalty_rewardorder ordered ON ordered.reward_id = reward.id
        AND ordered.partner = partner.name
    JOIN loyalty_redemption redemption ON redemption.id = ordered.redemption_id
    CROSS JOIN LATERAL (VALUES ('redeemed', redemption.redeemed_at),
        ('given_back', redemption.undone_at)) step (kind, at)
    WHERE step.at IS NOT NULL
"""
"""Every movement of partners' points: kind, number of its transfer or redemption, when it was booked.

The shares of returns are those of `rules.partners.share_returned`. What returns take from payouts of
a habit is wholly of its rule, whose id stands in the key; before keys had it, it was shared like the
rest. Orders name the partner of their day.
"""

SPENDABLE = "JOIN loyalty_unit unit ON unit.id = moved.unit_id AND unit.kind <> 'qualifying'"

BY_MONTH = f"""
    SELECT moved.partner_id, unit.id, date_trunc('month', moved.at AT TIME ZONE %(zone)s)::date,
        moved.kind, sum(moved.points)::bigint
    FROM ({MOVEMENTS}) moved {SPENDABLE}
    WHERE moved.partner_id = ANY(%(partners)s::bigint[]) GROUP BY 1, 2, 3, 4
"""

LINES = f"""
    SELECT moved.at, moved.kind, moved.number, unit.code, moved.points
    FROM ({MOVEMENTS}) moved {SPENDABLE}
    WHERE moved.partner_id = %(partner)s AND moved.at >= %(since)s AND moved.at < %(until)s
        AND moved.points > 0
    ORDER BY moved.at, moved.kind, moved.number
"""

STATEMENTS = f"""
    WITH moved AS MATERIALIZED ({MOVEMENTS}), summed AS (
        SELECT statement.id,
            coalesce(sum(moved.points) FILTER (WHERE moved.kind = 'issued'), 0) AS issued,
            coalesce(sum(moved.points) FILTER (WHERE moved.kind = 'returned'), 0) AS returned,
            coalesce(sum(moved.points) FILTER (WHERE moved.kind = 'redeemed'), 0) AS redeemed,
            coalesce(sum(moved.points) FILTER (WHERE moved.kind = 'given_back'), 0) AS given_back
        FROM loyalty_partnerstatement statement
        LEFT JOIN moved ON moved.partner_id = statement.partner_id
            AND moved.unit_id = statement.unit_id AND moved.at >= statement.starts_at
            AND moved.at < statement.ends_at
        GROUP BY statement.id
    )
    SELECT statement.id,
        concat_ws('/', statement.issued, statement.returned, statement.redeemed,
            statement.given_back),
        concat_ws('/', summed.issued, summed.returned, summed.redeemed, summed.given_back)
    FROM loyalty_partnerstatement statement JOIN summed ON summed.id = statement.id
    WHERE (statement.issued, statement.returned, statement.redeemed, statement.given_back)
        IS DISTINCT FROM (summed.issued, summed.returned, summed.redeemed, summed.given_back)
    ORDER BY statement.id
"""
"""For the audit: months closed with a partner that say other than the ledger does."""

STRAYS = """
    SELECT transfer.id, 'partner', coalesce(rule.settings ->> 'partner', '')
    FROM loyalty_account pot
    JOIN loyalty_transfer transfer ON transfer.source_id = pot.id
    LEFT JOIN loyalty_rule rule ON rule.id = transfer.rule_id
    WHERE pot.pot = 'partner' AND pot.member_id IS NULL
        AND coalesce(rule.settings ->> 'partner', '') = ''
    ORDER BY transfer.id
"""
"""For the audit: what came out of a pot of partners by a rule that no partner pays for."""

PARTNER_CHECKS = {
    "a_closed_month_is_what_was_booked": STATEMENTS,
    "a_partners_pot_pays_for_its_rules": STRAYS,
}


@dataclass(frozen=True)
class PartnerMonth:
    """A month with a partner, in one unit: closed for good, or as it stands at the prices of today."""

    month: date
    unit: Unit
    moved: Moved
    issue_price_minor: int
    redeem_price_minor: int
    closed_at: datetime | None = None

    @property
    def owed_minor(self) -> int:
        """What the partner owes; below zero where it is owed."""
        return owed_minor(
            self.moved,
            issue_price_minor=self.issue_price_minor,
            redeem_price_minor=self.redeem_price_minor,
        )


@dataclass(frozen=True)
class PartnerLine:
    """One movement of a partner's points; whose points they are is not the partner's to know."""

    at: datetime
    kind: str
    number: int
    unit: str
    points: int


def months_of(partner: Partner) -> list[PartnerMonth]:
    """Every month with a partner in which anything moved, the newest first; 4 statements."""
    return months_by_partner([partner])[partner.pk]


def months_by_partner(partners: Sequence[Partner]) -> dict[int, list[PartnerMonth]]:
    """The months of each of these partners of one program, the newest first; 4 statements for all."""
    programs = {partner.program_id for partner in partners}
    units = {unit.pk: unit for unit in Unit.objects.filter(program_id__in=programs)}
    closed = {
        (row.partner_id, row.unit_id, row.month): _closed(row, units[row.unit_id])
        for row in PartnerStatement.objects.filter(partner__in=partners)
    }
    known = {partner.pk: partner for partner in partners}
    still = {
        of: _open(known[of[0]], units[of[1]], month=of[2], moved=moved)
        for of, moved in moved_by_month(partners).items()
        if of not in closed
    }
    found: dict[int, list[PartnerMonth]] = {partner.pk: [] for partner in partners}
    for of, month in (closed | still).items():
        found[of[0]].append(month)
    for months in found.values():
        months.sort(key=lambda one: (-one.month.toordinal(), one.unit.pk))
    return found


def moved_by_month(partners: Sequence[Partner]) -> dict[tuple[int, int, date], Moved]:
    """By partner, unit and month what moved at their accounts; 2 statements."""
    sums: dict[tuple[int, int, date], dict[str, int]] = defaultdict(dict)
    told: dict[str, Any] = {"zone": get_brand().timezone, "partners": [one.pk for one in partners]}
    with connection.cursor() as cursor:
        cursor.execute(BY_MONTH, told)
        for partner_id, unit_id, month, kind, points in cursor.fetchall():
            sums[partner_id, unit_id, month][kind] = points
    return {of: Moved(**one) for of, one in sums.items()}


def _closed(row: PartnerStatement, unit: Unit) -> PartnerMonth:
    moved = Moved(row.issued, row.returned, row.redeemed, row.given_back)
    prices = row.issue_price_minor, row.redeem_price_minor
    return PartnerMonth(row.month, unit, moved, *prices, closed_at=row.closed_at)


def _open(partner: Partner, unit: Unit, *, month: date, moved: Moved) -> PartnerMonth:
    return PartnerMonth(month, unit, moved, partner.issue_price_minor, partner.redeem_price_minor)


def bounds_of(month: date) -> tuple[datetime, datetime]:
    """The first moment of a month in the company's zone, and that of the next month."""
    zone = ZoneInfo(get_brand().timezone)
    first, then = month_at(place_of(month)), month_at(place_of(month) + 1)
    return (
        datetime(first.year, first.month, 1, tzinfo=zone),
        datetime(then.year, then.month, 1, tzinfo=zone),
    )


def lines_of(partner: Partner, month: date) -> list[PartnerLine]:
    """What moved at a partner's account in a month, movement by movement; 2 statements."""
    since, until = bounds_of(month)
    with connection.cursor() as cursor:
        cursor.execute(LINES, {"partner": partner.pk, "since": since, "until": until})
        return [PartnerLine(*row) for row in cursor.fetchall()]


def priced_lines_of(partner: Partner, month: date) -> list[tuple[PartnerLine, int, int]]:
    """The movements of a month, each with the price of its point and what it comes to.

    Both in minor units; what comes to less than nothing is for the partner. 6 statements.
    """
    prices = {
        one.unit.code: (one.issue_price_minor, one.redeem_price_minor)
        for one in months_of(partner)
        if one.month == month
    }
    found = []
    for line in lines_of(partner, month):
        price_minor = prices[line.unit][line.kind in {"redeemed", "given_back"}]
        sign = 1 if line.kind in {"issued", "given_back"} else -1
        found.append((line, price_minor, sign * price_minor * line.points))
    return found


@dataclass(frozen=True)
class PartnerShown:
    """A partner with what its open months come to, and how many of them could be closed."""

    partner: Partner
    open_minor: int
    to_close: int


def partners_of(program: Program, *, now: datetime) -> list[PartnerShown]:
    """The partners of a program by name, with what is open; 5 statements for all."""
    present = month_now(now)
    partners = list(Partner.objects.filter(program=program).order_by("name"))
    months = months_by_partner(partners)
    return [_shown(partner, months[partner.pk], present) for partner in partners]


def _shown(partner: Partner, months: Iterable[PartnerMonth], present: date) -> PartnerShown:
    still = [one for one in months if one.closed_at is None]
    ended = {one.month for one in still if one.month < present}
    return PartnerShown(partner, sum(one.owed_minor for one in still), len(ended))


def names_without_terms(program: Program) -> Sequence[str]:
    """Names on rules, rewards and orders of a program that no partner has been made of yet."""
    rules = Rule.objects.filter(program=program, settings__partner__gt="")
    rewards = Reward.objects.filter(program=program, kind="partner")
    orders = RewardOrder.objects.filter(reward__program=program).exclude(partner="")
    named = {
        *rules.values_list("settings__partner", flat=True),
        *rewards.values_list("partner", flat=True),
        *orders.values_list("partner", flat=True).distinct(),
    }
    known = set(Partner.objects.filter(program=program).values_list("name", flat=True))
    return sorted(named - known)
