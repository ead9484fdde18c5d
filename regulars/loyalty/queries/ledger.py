"""The ledger as its manager browses it: transfers newest first, by what they moved and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from regulars.core.sql import int_array
from regulars.loyalty.models import Account, Member, Program, Rule, Unit

BETWEEN = "members"
"""What stands in place of a pot where points went from member to member."""

POTS = ("issued", "partner", "redeemed", "expired", "reversed", "adjusted", "held", BETWEEN)


@dataclass(frozen=True)
class Wanted:
    """Which transfers are asked for; what is left out narrows nothing.

    The period is that of booking, both ends included by day. A key finds all that begin with it
    and go on with a colon.
    """

    unit: str = ""
    pot: str = ""
    member: str = ""
    rule: str = ""
    store_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    key: str = ""


@dataclass(frozen=True)
class Line:
    """A transfer; `pot` is the program's own account at one end, or `members`."""

    id: int
    at: datetime
    recorded_at: datetime
    key: str
    unit: str
    unit_name: str
    unit_name_ru: str
    is_money: bool
    amount: int
    pot: str
    is_in: bool
    """Whether the points came to a member."""
    member: str
    other: str
    customer_id: int | None
    rule: str
    rule_ru: str
    store: str
    store_ru: str


@dataclass(frozen=True)
class PotSum:
    """What came to members from a pot and went from them to it, and by how many transfers."""

    pot: str
    came: int
    went: int
    transfers: int


COLUMNS = """
    SELECT t.id, t.at, t.recorded_at, t.key, unit.code, unit.name, unit.name_ru, unit.kind = 'money', t.amount,
        CASE WHEN source.member_id IS NOT NULL AND target.member_id IS NOT NULL THEN 'members'
            WHEN target.member_id IS NULL THEN target.pot ELSE source.pot END,
        target.member_id IS NOT NULL, coalesce(taker.number, giver.number, ''),
        CASE WHEN taker.number IS NULL THEN '' ELSE coalesce(giver.number, '') END,
        coalesce(taker.customer_id, giver.customer_id), coalesce(rule.name, ''),
        coalesce(rule.name_ru, ''), coalesce(store.name, ''), coalesce(store.name_ru, '')
    FROM ({found}) t
    JOIN loyalty_account source ON source.id = t.source_id
    JOIN loyalty_account target ON target.id = t.target_id
    JOIN loyalty_unit unit ON unit.id = source.unit_id
    LEFT JOIN loyalty_member giver ON giver.id = source.member_id
    LEFT JOIN loyalty_member taker ON taker.id = target.member_id
    LEFT JOIN loyalty_rule rule ON rule.id = t.rule_id
    LEFT JOIN loyalty_accrual accrual ON accrual.id = t.accrual_id
    LEFT JOIN customers_purchase purchase ON purchase.id = accrual.purchase_id
    LEFT JOIN loyalty_redemption redemption ON redemption.id = t.redemption_id
    LEFT JOIN company_store store ON store.id = coalesce(purchase.store_id, redemption.store_id)
    ORDER BY t.id DESC
"""

SUMS = """
    SELECT CASE WHEN source.member_id IS NOT NULL AND target.member_id IS NOT NULL THEN 'members'
            WHEN target.member_id IS NULL THEN target.pot ELSE source.pot END AS pot,
        coalesce(sum(t.amount) FILTER (WHERE target.member_id IS NOT NULL), 0)::bigint,
        coalesce(sum(t.amount) FILTER (WHERE target.member_id IS NULL), 0)::bigint, count(*)
    FROM ({found}) t
    JOIN loyalty_account source ON source.id = t.source_id
    JOIN loyalty_account target ON target.id = t.target_id
    GROUP BY 1 ORDER BY 1
"""

BY_LEGS = """
    SELECT leg.* FROM unnest(%(accounts)s::bigint[]) AS account (id) CROSS JOIN LATERAL (
        (SELECT t.* FROM loyalty_transfer t WHERE t.source_id = account.id {where})
        UNION ALL
        (SELECT t.* FROM loyalty_transfer t WHERE t.target_id = account.id {where})
    ) leg {once}
"""

BY_SCAN = """
    SELECT t.* FROM loyalty_transfer t
    JOIN loyalty_account giver ON giver.id = t.source_id AND giver.unit_id = ANY(%(units)s::bigint[])
    JOIN loyalty_account taker ON taker.id = t.target_id
    WHERE true {where}
"""

OF_STORE = """
    AND (EXISTS (SELECT 1 FROM loyalty_accrual a JOIN customers_purchase p ON p.id = a.purchase_id
            WHERE a.id = t.accrual_id AND p.store_id = %(store)s)
        OR EXISTS (SELECT 1 FROM loyalty_redemption r
            WHERE r.id = t.redemption_id AND r.store_id = %(store)s))
"""


def lines_of(
    program: Program, wanted: Wanted, *, limit: int, before: int | None = None
) -> list[Line]:
    """The newest transfers that are wanted, below a number where one is given; 5 statements at most.

    Each way to narrow has an index behind it or reads the ledger from its newest end, so that the
    first page does not wait for the size of the ledger.
    """
    found, told = _found(program, wanted, limit=limit, before=before)
    if not found:
        return []
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS.format(found=found), told)
        return [Line(*row) for row in cursor.fetchall()]


def sums_of(program: Program, wanted: Wanted) -> list[PotSum]:
    """By pot what all wanted transfers moved."""
    found, told = _found(program, wanted)
    if not found:
        return []
    with connection.cursor() as cursor:
        cursor.execute(SUMS.format(found=found), told)
        return [PotSum(*row) for row in cursor.fetchall()]


def _found(
    program: Program, wanted: Wanted, *, limit: int | None = None, before: int | None = None
) -> tuple[str, dict[str, Any]]:
    """A statement for the wanted transfers with its parameters; empty where there can be none."""
    units = _units(program, wanted.unit)
    accounts = _accounts(units, wanted)
    told: dict[str, Any] = {"units": int_array(units), "limit": limit, "before": before}
    where = _where(program, wanted, told, before=before)
    ends = "ORDER BY t.id DESC LIMIT %(limit)s" if limit else ""
    if not units or accounts == []:
        return "", told
    if accounts is None:
        if wanted.pot == BETWEEN:
            where += " AND giver.member_id IS NOT NULL AND taker.member_id IS NOT NULL"
        return BY_SCAN.format(where=where) + ends, told
    told["accounts"] = int_array(accounts)
    if wanted.pot and wanted.member:
        told["pots"] = int_array(_pots(units, wanted.pot))
        where += _other_end(wanted.pot)
    once = "ORDER BY leg.id DESC LIMIT %(limit)s" if limit else ""
    return BY_LEGS.format(where=f"{where} {ends}", once=once), told


def _where(program: Program, wanted: Wanted, told: dict[str, Any], *, before: int | None) -> str:
    parts = []
    if before is not None:
        parts.append("AND t.id < %(before)s")
    if wanted.since is not None or wanted.until is not None:
        told["first"], told["last"] = _numbers_between(wanted.since, wanted.until)
        told["since"], told["until"] = wanted.since, wanted.until
        parts.append("AND t.id BETWEEN %(first)s AND %(last)s")
        parts.append("AND (%(since)s::timestamptz IS NULL OR t.recorded_at >= %(since)s)")
        parts.append("AND (%(until)s::timestamptz IS NULL OR t.recorded_at < %(until)s)")
    if wanted.rule:
        rules = Rule.objects.filter(program=program, code=wanted.rule)
        told["rules"] = int_array(rules.values_list("pk", flat=True))
        parts.append("AND t.rule_id = ANY(%(rules)s::bigint[])")
    if wanted.store_id is not None:
        told["store"] = wanted.store_id
        parts.append(OF_STORE)
    if wanted.key:
        told |= {"key": wanted.key, "from": f"{wanted.key}:", "to": f"{wanted.key};"}
        parts.append("AND (t.key = %(key)s OR (t.key >= %(from)s AND t.key < %(to)s))")
    return " ".join(parts)


def _numbers_between(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """The first and the last number of what was booked in a period; (1, 0) for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM loyalty_transfer"
            " WHERE recorded_at >= coalesce(%s::timestamptz, '-infinity')"
            " AND recorded_at < coalesce(%s::timestamptz, 'infinity')",
            [since, until],
        )
        first, last = cursor.fetchone()
        return first, last


def _units(program: Program, code: str) -> list[int]:
    units = Unit.objects.filter(program=program)
    return list((units.filter(code=code) if code else units).values_list("pk", flat=True))


def _accounts(units: Sequence[int], wanted: Wanted) -> list[int] | None:
    """The accounts that one end has to be; None where any may."""
    if wanted.member:
        rows = Member.objects.filter(number=wanted.member).values_list("pk", "led_by")
        leads = [lead or id_ for id_, lead in rows]
        held = Account.objects.filter(unit__in=units, member__in=leads)
        return list(held.values_list("pk", flat=True))
    if wanted.pot and wanted.pot != BETWEEN:
        return _pots(units, wanted.pot)
    return None


def _pots(units: Sequence[int], pot: str) -> list[int]:
    rows = Account.objects.filter(unit__in=units, member=None, pot=pot)
    return list(rows.values_list("pk", flat=True))


def _other_end(pot: str) -> str:
    if pot == BETWEEN:
        return """ AND NOT EXISTS (SELECT 1 FROM loyalty_account one WHERE one.member_id IS NULL
            AND one.id IN (t.source_id, t.target_id))"""
    return (
        """ AND (t.source_id = ANY(%(pots)s::bigint[]) OR t.target_id = ANY(%(pots)s::bigint[]))"""
    )
