"""The audit: every balance, lot and tier worked out again from the transfers alone."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from regulars.loyalty.queries.auditing_moves import MOVE_CHECKS
from regulars.loyalty.queries.auditing_rewards import REWARD_CHECKS
from regulars.loyalty.queries.auditing_tiers import standings_that_differ
from regulars.loyalty.queries.seals import CHAIN

BALANCES = """
    SELECT account.id, account.balance, coalesce(sums.amount, 0)
    FROM loyalty_account account
    LEFT JOIN (
        SELECT id, sum(amount) AS amount FROM (
            SELECT target_id AS id, amount FROM loyalty_transfer
            UNION ALL SELECT source_id, -amount FROM loyalty_transfer
        ) legs GROUP BY id
    ) sums ON sums.id = account.id
    WHERE account.member_id IS NOT NULL AND account.balance <> coalesce(sums.amount, 0)
    ORDER BY account.id
"""

LOTS = """
    SELECT lot.id, lot.remaining, lot.granted - coalesce(uses.amount, 0)
    FROM loyalty_lot lot
    LEFT JOIN (SELECT lot_id, sum(amount) AS amount FROM loyalty_lotuse GROUP BY lot_id) uses
        ON uses.lot_id = lot.id
    WHERE lot.remaining <> lot.granted - coalesce(uses.amount, 0)
    ORDER BY lot.id
"""

LOTS_OF_TRANSFERS = """
    SELECT transfer.id, transfer.amount, coalesce(lot.granted, 0)
    FROM loyalty_transfer transfer
    JOIN loyalty_account account ON account.id = transfer.target_id
    JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind <> 'qualifying'
    JOIN loyalty_account source ON source.id = transfer.source_id
        AND source.pot IN ('issued', 'adjusted', 'expired', 'partner', '')
    LEFT JOIN loyalty_lot lot ON lot.transfer_id = transfer.id AND lot.account_id = account.id
    WHERE account.member_id IS NOT NULL AND transfer.amount IS DISTINCT FROM lot.granted
    ORDER BY transfer.id
"""

USES_OF_TRANSFERS = """
    SELECT transfer.id, transfer.amount, coalesce(uses.amount, 0)
    FROM loyalty_transfer transfer
    JOIN loyalty_account source ON source.id = transfer.source_id
    JOIN loyalty_account target ON target.id = transfer.target_id
    JOIN loyalty_unit unit ON unit.id = source.unit_id AND unit.kind <> 'qualifying'
    LEFT JOIN (
        SELECT use.transfer_id, sum(use.amount) AS amount
        FROM loyalty_lotuse use JOIN loyalty_lot lot ON lot.id = use.lot_id
        WHERE lot.transfer_id <> use.transfer_id GROUP BY use.transfer_id
    ) uses ON uses.transfer_id = transfer.id
    WHERE CASE
        WHEN source.member_id IS NULL
            AND (target.member_id IS NULL OR source.pot NOT IN ('held', 'redeemed'))
            THEN coalesce(uses.amount, 0) <> 0
        WHEN source.member_id IS NULL
            THEN coalesce(uses.amount, 0) NOT BETWEEN -transfer.amount::bigint AND 0
        WHEN target.pot IN ('reversed', 'adjusted', '')
            THEN coalesce(uses.amount, 0) NOT BETWEEN 0 AND transfer.amount
        ELSE coalesce(uses.amount, 0) <> transfer.amount
    END
    ORDER BY transfer.id
"""

BALANCES_OF_LOTS = """
    SELECT account.id, account.balance, coalesce(lots.amount, 0) - account.debt
    FROM loyalty_account account
    JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind <> 'qualifying'
    LEFT JOIN (
        SELECT account_id, sum(remaining) AS amount FROM loyalty_lot GROUP BY account_id
    ) lots ON lots.account_id = account.id
    WHERE account.member_id IS NOT NULL
        AND account.balance <> coalesce(lots.amount, 0) - account.debt
    ORDER BY account.id
"""

DEBTS = """
    SELECT account.id, account.debt, sum(lot.remaining) FROM loyalty_account account
    JOIN loyalty_lot lot ON lot.account_id = account.id AND lot.remaining > 0
        AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
    WHERE account.debt > 0 GROUP BY account.id ORDER BY account.id
"""

HOLDS = """
    SELECT hold.id, hold.amount - hold.captured, coalesce(sums.amount, 0)
    FROM loyalty_hold hold
    LEFT JOIN (
        SELECT split_part(transfer.key, ':', 2)::bigint AS id,
            sum(CASE WHEN target.pot = 'held' THEN transfer.amount::bigint
                ELSE -transfer.amount::bigint END) AS amount
        FROM loyalty_transfer transfer
        JOIN loyalty_account target ON target.id = transfer.target_id
        WHERE transfer.key LIKE 'hold:%%' GROUP BY 1
    ) sums ON sums.id = hold.id
    LEFT JOIN loyalty_redemption redemption ON redemption.hold_id = hold.id
    WHERE coalesce(redemption.amount, 0) <> hold.captured OR coalesce(sums.amount, 0) <> CASE
        WHEN hold.outcome = '' THEN hold.amount WHEN hold.outcome = 'captured' THEN hold.captured
        ELSE 0 END
    ORDER BY hold.id
"""

UNITS = """
    SELECT transfer.id, source.unit_id, target.unit_id
    FROM loyalty_transfer transfer
    JOIN loyalty_account source ON source.id = transfer.source_id
    JOIN loyalty_account target ON target.id = transfer.target_id
    WHERE source.unit_id <> target.unit_id
    ORDER BY transfer.id
"""

RECEIPTS = """
    SELECT accrual.id, earned.amount, coalesce(posted.amount, 0)
    FROM loyalty_accrual accrual
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(value::bigint), 0) AS amount
        FROM jsonb_each_text(accrual.receipt->'earned')
    ) earned
    LEFT JOIN (
        SELECT accrual_id, sum(amount) AS amount FROM loyalty_transfer transfer
        JOIN loyalty_account source ON source.id = transfer.source_id AND source.pot = 'issued'
        WHERE accrual_id IS NOT NULL GROUP BY accrual_id
    ) posted ON posted.accrual_id = accrual.id
    WHERE earned.amount <> coalesce(posted.amount, 0)
    ORDER BY accrual.id
"""

TIERS = """
    WITH reached AS (
        SELECT account.member_id, coalesce(sum(legs.amount), 0) AS amount
        FROM loyalty_account account
        JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind = 'qualifying'
        LEFT JOIN (
            SELECT target_id AS id, amount FROM loyalty_transfer
            UNION ALL SELECT source_id, -amount FROM loyalty_transfer
        ) legs ON legs.id = account.id
        JOIN loyalty_member leader ON leader.id = account.member_id AND leader.led_by_id IS NULL
        GROUP BY account.member_id
    )
    SELECT member.id, member.tier_id, due.id
    FROM loyalty_member member
    JOIN reached ON reached.member_id = member.id
    JOIN loyalty_ladder ladder ON ladder.program_id = member.program_id AND ladder.position = 0
        AND NOT ladder.is_tracked
    LEFT JOIN LATERAL (
        SELECT tier.id FROM loyalty_tier tier
        WHERE tier.ladder_id = ladder.id AND NOT tier.is_retired
            AND tier.qualifying_min <= reached.amount
        ORDER BY tier.qualifying_min DESC LIMIT 1
    ) due ON true
    WHERE member.tier_id IS DISTINCT FROM due.id
    ORDER BY member.id
"""

LED = """
    SELECT member.id, account.balance, 0 FROM loyalty_member member
    JOIN loyalty_account account ON account.member_id = member.id
    WHERE member.led_by_id IS NOT NULL AND account.balance <> 0
    UNION ALL
    SELECT member.id, leader.program_id, member.program_id FROM loyalty_member member
    JOIN loyalty_member leader ON leader.id = member.led_by_id
    WHERE leader.led_by_id IS NOT NULL OR leader.program_id <> member.program_id
    ORDER BY 1
"""

DATES_OF_MOVED = """
    SELECT lot.id, lot.account_id, origin.account_id
    FROM loyalty_lot lot JOIN loyalty_lot origin ON origin.id = lot.origin_id
    WHERE (lot.activates_at, lot.expires_at)
        IS DISTINCT FROM (origin.activates_at, origin.expires_at) OR origin.origin_id IS NOT NULL
    ORDER BY lot.id
"""

VISITS = """
    SELECT member.id, member.visits, coalesce(counted.visits, 0)
    FROM loyalty_member member
    LEFT JOIN (
        SELECT member_id, count(*) AS visits FROM loyalty_accrual
        WHERE reversed_at IS NULL GROUP BY member_id
    ) counted ON counted.member_id = member.id
    WHERE member.visits <> coalesce(counted.visits, 0)
    ORDER BY member.id
"""

CAMPAIGNS = """
    SELECT campaign.id, campaign.spent, coalesce(paid.amount, 0)
    FROM loyalty_campaign campaign
    LEFT JOIN (
        SELECT rule.program_id, rule.settings ->> 'campaign' AS code, sum(transfer.amount) AS amount
        FROM loyalty_transfer transfer
        JOIN loyalty_rule rule ON rule.id = transfer.rule_id AND rule.settings ->> 'campaign' <> ''
        GROUP BY 1, 2
    ) paid ON paid.program_id = campaign.program_id AND paid.code = campaign.code
    WHERE campaign.spent <> coalesce(paid.amount, 0)
    ORDER BY campaign.id
"""

CHECKS = {
    "balance_is_the_sum_of_transfers": BALANCES,
    "balance_is_the_sum_of_lots_less_debt": BALANCES_OF_LOTS,
    "who_owes_has_no_points": DEBTS,
    "lot_is_its_grant_less_its_uses": LOTS,
    "every_grant_has_its_lot": LOTS_OF_TRANSFERS,
    "every_spending_has_its_uses": USES_OF_TRANSFERS,
    "a_hold_ends_once": HOLDS,
    "transfer_stays_in_one_unit": UNITS,
    "receipt_is_what_was_posted": RECEIPTS,
    "tier_follows_from_transfers": TIERS,
    "who_is_led_holds_nothing": LED,
    "moved_points_keep_their_dates": DATES_OF_MOVED,
    "visits_are_the_purchases_that_stand": VISITS,
    "campaign_spent_what_its_rules_paid": CAMPAIGNS,
    **MOVE_CHECKS,
    **REWARD_CHECKS,
    "sealed_transfers_are_unchanged": CHAIN,
}
"""Each check gives rows of (id, stored, derived) that disagree; none where the books are right."""


@dataclass(frozen=True)
class Audit:
    """What an audit found: one readable text for each mismatch, and how much it looked at."""

    mismatches: tuple[str, ...]
    counts: dict[str, int]


def audit(now: datetime, *, limit: int = 1000) -> Audit:
    """Every mismatch between what is stored and what the transfers give, `limit` for each check.

    Each check is one statement over whole tables, so that millions of transfers take seconds. All
    of them see the same moment: posting may go on meanwhile.
    """
    mismatches: list[str] = []
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.needs_rollback and len(connection.savepoint_ids) == 0:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for check, statement in CHECKS.items():
            cursor.execute(f"{statement} LIMIT %(limit)s", {"limit": limit, "now": now})
            mismatches += [
                f"{check}: {row} has {stored}, the transfers say {derived}"
                for row, stored, derived in cursor.fetchall()
            ]
        mismatches += standings_that_differ(limit=limit)
        return Audit(tuple(mismatches), _counts(cursor))


def _counts(cursor: CursorWrapper) -> dict[str, int]:
    counts = {}
    for noun in (
        "member",
        "account",
        "accrual",
        "transfer",
        "lot",
        "redemption",
        "reversal",
        "hold",
    ):
        cursor.execute(f"SELECT count(*) FROM loyalty_{noun}")
        counts[f"{noun}s"] = int(cursor.fetchone()[0])
    return counts
