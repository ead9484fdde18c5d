"""What members did that counts for a ladder, read from the books from the first day on.

A person's deeds are those of all members that are pooled with the leading one. Each statement gives
the leading member, the moment, the amount, and the moment as of which it counts.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.rules.tiers.judging import Move

POOL = """
    WITH pool AS (
        SELECT id, customer_id, coalesce(led_by_id, id) AS lead_id FROM loyalty_member
        WHERE id = ANY(%(members)s::bigint[]) OR led_by_id = ANY(%(members)s::bigint[])
    )
"""

UNIT = """
    SELECT lead_id, at, sum(amount)::bigint, counts_at FROM (
        SELECT pool.lead_id, 1 AS place, accrual.id, accrual.at AS counts_at,
            CASE WHEN %(undo)s OR target.member_id IS NOT NULL THEN accrual.at
                ELSE greatest(moved.at, accrual.at) END AS at,
            CASE WHEN target.member_id IS NOT NULL THEN moved.amount ELSE -moved.amount END
                AS amount
        FROM pool JOIN loyalty_accrual accrual ON accrual.member_id = pool.id
        JOIN loyalty_transfer moved ON moved.accrual_id = accrual.id
        JOIN loyalty_account source ON source.id = moved.source_id
        JOIN loyalty_account target ON target.id = moved.target_id AND target.unit_id = %(unit)s
        WHERE source.member_id IS NULL OR target.member_id IS NULL
        UNION ALL
        SELECT pool.lead_id, 0, moved.id, moved.at, moved.at,
            CASE WHEN moved.target_id = own.id THEN moved.amount ELSE -moved.amount END
        FROM pool JOIN loyalty_account own ON own.member_id = pool.id AND own.unit_id = %(unit)s
        JOIN loyalty_transfer moved ON (moved.target_id = own.id OR moved.source_id = own.id)
            AND moved.accrual_id IS NULL AND moved.key NOT LIKE 'adjustment:%%'
        JOIN loyalty_account other ON other.member_id IS NULL
            AND other.id IN (moved.source_id, moved.target_id)
        UNION ALL
        SELECT pool.lead_id, 0, adjustment.transfer_id, adjustment.decided_at,
            adjustment.decided_at, adjustment.amount
        FROM pool JOIN loyalty_adjustment adjustment ON adjustment.member_id = pool.id
            AND adjustment.unit_id = %(unit)s AND adjustment.state = 'done'
    ) deed GROUP BY lead_id, at, counts_at, place, id HAVING sum(amount) <> 0
    ORDER BY lead_id, at, place, id
"""

SPEND = """
    , bought AS (
        SELECT pool.lead_id, accrual.id, accrual.at, purchase.id AS purchase_id, total_minor
        FROM pool JOIN loyalty_accrual accrual ON accrual.member_id = pool.id
        JOIN customers_purchase purchase ON purchase.id = accrual.purchase_id
            AND purchase.voided_at IS NULL
        WHERE accrual.reversed_at IS NULL OR EXISTS (
            SELECT 1 FROM customers_return back WHERE back.purchase_id = purchase.id)
    )
    SELECT lead_id, at, sum(amount)::bigint, counts_at FROM (
        SELECT lead_id, id, at AS counts_at, at, total_minor AS amount FROM bought
        UNION ALL
        SELECT bought.lead_id, bought.id, bought.at,
            CASE WHEN %(undo)s THEN bought.at ELSE greatest(back.returned_at, bought.at) END,
            -back.total_minor
        FROM bought JOIN customers_return back ON back.purchase_id = bought.purchase_id
    ) deed GROUP BY lead_id, at, counts_at, id HAVING sum(amount) <> 0
    ORDER BY lead_id, at, id
"""

VISITS = """
    SELECT lead_id, at, amount, counts_at FROM (
        SELECT pool.lead_id, accrual.id, accrual.at AS counts_at, accrual.at, 1 AS amount
        FROM pool JOIN loyalty_accrual accrual ON accrual.member_id = pool.id
        WHERE accrual.reversed_at IS NULL OR NOT %(undo)s
        UNION ALL
        SELECT pool.lead_id, accrual.id, accrual.at, greatest(accrual.reversed_at, accrual.at), -1
        FROM pool JOIN loyalty_accrual accrual ON accrual.member_id = pool.id
        WHERE accrual.reversed_at IS NOT NULL AND NOT %(undo)s
    ) deed ORDER BY lead_id, at, id
"""

ACTS = """
    SELECT pool.lead_id, entry.at, 1, entry.at
    FROM pool JOIN customers_timelineentry entry ON entry.customer_id = pool.customer_id
    WHERE entry.kind = ANY(%(acts)s::text[])
    ORDER BY pool.lead_id, entry.at, entry.id
"""

BALANCE = """
    SELECT lead_id, at, sum(amount)::bigint, at FROM (
        SELECT pool.lead_id, granted.at, lot.granted AS amount
        FROM pool JOIN loyalty_account own ON own.member_id = pool.id AND own.unit_id = %(unit)s
        JOIN loyalty_lot lot ON lot.account_id = own.id
        JOIN loyalty_transfer moved ON moved.id = lot.id
        CROSS JOIN LATERAL (SELECT CASE WHEN %(pending)s THEN moved.at
            WHEN lot.activates_at IS NOT NULL THEN greatest(lot.activates_at, moved.at) END AS at) granted
        WHERE granted.at IS NOT NULL AND (lot.expires_at IS NULL OR granted.at < lot.expires_at)
        UNION ALL
        SELECT pool.lead_id, greatest(moved.at, granted.at), -use.amount
        FROM pool JOIN loyalty_account own ON own.member_id = pool.id AND own.unit_id = %(unit)s
        JOIN loyalty_lot lot ON lot.account_id = own.id
        JOIN loyalty_transfer first ON first.id = lot.id
        CROSS JOIN LATERAL (SELECT CASE WHEN %(pending)s THEN first.at
            WHEN lot.activates_at IS NOT NULL THEN greatest(lot.activates_at, first.at) END AS at) granted
        JOIN loyalty_lotuse use ON use.lot_id = lot.id
        JOIN loyalty_transfer moved ON moved.id = use.transfer_id
        WHERE granted.at IS NOT NULL AND (lot.expires_at IS NULL OR granted.at < lot.expires_at)
        UNION ALL
        SELECT pool.lead_id, lot.expires_at, -lot.remaining
        FROM pool JOIN loyalty_account own ON own.member_id = pool.id AND own.unit_id = %(unit)s
        JOIN loyalty_lot lot ON lot.account_id = own.id AND lot.remaining > 0
        WHERE lot.expires_at IS NOT NULL AND (%(pending)s OR lot.activates_at < lot.expires_at)
    ) deed GROUP BY lead_id, at HAVING sum(amount) <> 0 ORDER BY lead_id, at
"""

STATEMENTS = {"unit": UNIT, "spend": SPEND, "visits": VISITS, "acts": ACTS, "balance": BALANCE}


def deeds_of(ladder: LadderInBook, leader_ids: Collection[int]) -> dict[int, list[Move]]:
    """All that counts for a ladder by leading member, in the order of time; 1 statement.

    For a balance this looks ahead: lots that will become active or die are among the moves.
    """
    deeds: dict[int, list[Move]] = defaultdict(list)
    rules = ladder.rules
    if not leader_ids or (rules.basis in ("unit", "balance") and ladder.unit_id is None):
        return deeds
    asked: dict[str, Any] = {
        "members": int_array(leader_ids),
        "unit": ladder.unit_id,
        "undo": rules.returns == "undo",
        "acts": text_array(rules.acts),
        "pending": rules.counts_pending,
    }
    with connection.cursor() as cursor:
        cursor.execute(POOL + STATEMENTS[rules.basis], asked)
        for lead_id, at, amount, counts_at in cursor.fetchall():
            reason = "earned" if amount > 0 else "returned"
            deeds[lead_id].append(Move(at, amount, counts_at, reason))
    return deeds


def coming(moves: Sequence[Move], now: datetime) -> list[Move]:
    """Those of the moves that lie ahead."""
    return [move for move in moves if move.at > now]
