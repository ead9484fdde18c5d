"""What the books say of members, in the terms of a replay, so that the two can be compared."""

from collections import defaultdict
from datetime import datetime

from django.db import connection

from regulars.loyalty.models import Member, Program
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.forecasts import tiers_at
from regulars.loyalty.rules.replay.outcomes import Booked, Entry

MEMBERS = """
    SELECT lead.id, coalesce(tier.code, ''), sum(member.visits)::bigint, count(*) > 1
    FROM loyalty_member lead LEFT JOIN loyalty_tier tier ON tier.id = lead.tier_id
    JOIN loyalty_member member ON member.id = lead.id OR member.led_by_id = lead.id
    WHERE lead.program_id = %(program)s AND lead.led_by_id IS NULL
        AND lead.id BETWEEN %(first)s AND %(last)s
    GROUP BY lead.id, tier.code
"""

ENTRIES = """
    WITH held AS (
        SELECT coalesce(member.led_by_id, member.id) AS lead_id, account.*
        FROM loyalty_member member JOIN loyalty_account account ON account.member_id = member.id
        WHERE member.program_id = %(program)s
            AND coalesce(member.led_by_id, member.id) BETWEEN %(first)s AND %(last)s
    ), moved AS (
        SELECT held.lead_id, held.unit_id, transfer.amount * sign AS amount, CASE
            WHEN other.pot = 'redeemed' OR other.pot = 'held' THEN 'spent'
            WHEN other.pot = 'expired' THEN 'expired'
            WHEN transfer.key LIKE 'reversal:%%' THEN 'taken_back'
            WHEN transfer.accrual_id IS NOT NULL OR transfer.key LIKE 'joined:%%'
                OR transfer.key LIKE 'payout:%%' THEN 'issued'
            ELSE 'moved' END AS kind
        FROM held CROSS JOIN LATERAL (
            SELECT id, key, amount, accrual_id, target_id AS other_id, -1 AS sign
            FROM loyalty_transfer WHERE source_id = held.id
            UNION ALL
            SELECT id, key, amount, accrual_id, source_id, 1
            FROM loyalty_transfer WHERE target_id = held.id
        ) transfer JOIN loyalty_account other ON other.id = transfer.other_id
    ), sums AS (
        SELECT lead_id, unit_id, kind, sum(amount)::bigint AS amount FROM moved GROUP BY 1, 2, 3
    ), dead AS (
        SELECT held.lead_id, held.unit_id, sum(lot.remaining)::bigint AS amount
        FROM held JOIN loyalty_lot lot ON lot.account_id = held.id
        WHERE lot.remaining > 0 AND lot.expires_at <= %(upto)s GROUP BY 1, 2
    )
    SELECT found.lead_id, unit.code, found.kind, found.amount FROM (
        SELECT * FROM sums
        UNION ALL SELECT lead_id, unit_id, 'dead', amount FROM dead
        UNION ALL SELECT lead_id, unit_id, 'balance', sum(balance)::bigint FROM held GROUP BY 1, 2
        UNION ALL SELECT lead_id, unit_id, 'debt', sum(debt)::bigint FROM held GROUP BY 1, 2
    ) found JOIN loyalty_unit unit ON unit.id = found.unit_id
"""


def booked_of(program_id: int, first: int, last: int, *, upto: datetime) -> dict[int, Booked]:
    """Persons between two ids of leading members as the books have them.

    Points that are dead at the moment count as expired, whether a job has posted that or not, and
    tiers are those of the moment. A main ladder of what no story holds is left out. The number of
    statements does not depend on how many they are.
    """
    tiers = _tracked_tiers(program_id, first, last, upto=upto)
    told: dict[str, int | datetime]
    told = {"program": program_id, "first": first, "last": last, "upto": upto}
    found: dict[int, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, told)
        for lead_id, unit, kind, amount in cursor.fetchall():
            found[lead_id][unit][kind] = amount
        cursor.execute(MEMBERS, told)
        return {
            lead: Booked(
                lead,
                visits,
                tier if tiers is None else tiers.get(lead, ""),
                {unit: _entry(sums) for unit, sums in found[lead].items()},
                is_merged=is_merged,
            )
            for lead, tier, visits, is_merged in cursor.fetchall()
        }


def _tracked_tiers(
    program_id: int, first: int, last: int, *, upto: datetime
) -> dict[int, str] | None:
    """The tiers on a main ladder with a memory; None where the members' rows say it all."""
    book = book_of(Program.objects.get(pk=program_id))
    if book.is_plain:
        return None
    if not book.tracked[0].counts_sales:
        return {}
    rows = Member.objects.filter(program_id=program_id, led_by=None, pk__range=(first, last))
    return tiers_at(book.tracked[0], list(rows.values_list("pk", flat=True)), at=upto)


def _entry(sums: dict[str, int]) -> Entry:
    dead = sums.get("dead", 0)
    return Entry(
        issued=sums.get("issued", 0),
        spent=-sums.get("spent", 0),
        taken_back=-sums.get("taken_back", 0),
        expired=dead - sums.get("expired", 0),
        moved=sums.get("moved", 0),
        balance=sums.get("balance", 0) - dead,
        debt=sums.get("debt", 0),
    )
