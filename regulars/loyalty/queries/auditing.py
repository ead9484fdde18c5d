"""The audit: every balance, lot and tier worked out again from the transfers alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import randbits
from typing import Any

from regulars.loyalty.models import Unit
from regulars.loyalty.queries.auditing_memories import memories_that_differ
from regulars.loyalty.queries.auditing_moves import MOVE_CHECKS
from regulars.loyalty.queries.auditing_passes import (
    BALANCES,
    CLEARABLE,
    NARROW,
    REACHED,
    TIERS,
    cleared,
    receipts,
    tiers,
)
from regulars.loyalty.queries.auditing_passes import (
    LOTS as LOTS_PASS,
)
from regulars.loyalty.queries.auditing_rewards import REWARD_CHECKS
from regulars.loyalty.queries.auditing_side_by_side import (
    Reader,
    Rows,
    one_moment,
    pages_of,
    rows_of,
)
from regulars.loyalty.queries.auditing_tiers import standings_that_differ
from regulars.loyalty.queries.partners import PARTNER_CHECKS
from regulars.loyalty.queries.seals import LEAST, asked_for, chain_of_blocks, spans

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
    LEFT JOIN loyalty_lot lot ON lot.id = transfer.id AND lot.account_id = account.id
    WHERE account.member_id IS NOT NULL AND transfer.amount IS DISTINCT FROM lot.granted
    UNION ALL
    SELECT transfer.id, 0, lot.granted
    FROM loyalty_lot lot JOIN loyalty_transfer transfer ON transfer.id = lot.id
    JOIN loyalty_account target ON target.id = transfer.target_id
    JOIN loyalty_account source ON source.id = transfer.source_id
    WHERE target.member_id IS NULL OR source.pot IN ('held', 'redeemed', 'reversed')
    ORDER BY 1
"""
"""Every grant has its one lot, of its amount and in its account; and no other transfer has any."""

OTHER_USES = """
    other AS (
        SELECT transfer.id, transfer.amount::bigint, source.member_id AS giver_id,
            source.pot AS source_pot, target.member_id AS taker_id, unit.kind, rest.amount - CASE
                WHEN target.member_id IS NULL THEN 0 ELSE coalesce((
                    SELECT sum(use.amount) FROM loyalty_lot lot JOIN loyalty_lotuse use
                        ON use.lot_id = lot.id AND use.transfer_id = transfer.id
                    WHERE lot.id = transfer.id), 0) END AS used
        FROM rest JOIN loyalty_transfer transfer ON transfer.id = rest.transfer_id
        JOIN loyalty_account source ON source.id = transfer.source_id
        JOIN loyalty_account target ON target.id = transfer.target_id
        JOIN loyalty_unit unit ON unit.id = source.unit_id
    )
"""

ODD_USES = """
    SELECT id, amount, used FROM other WHERE kind <> 'qualifying' AND CASE
        WHEN giver_id IS NOT NULL THEN used NOT BETWEEN 0 AND amount
        WHEN source_pot NOT IN ('held', 'redeemed') OR taker_id IS NULL THEN used <> 0
        ELSE used NOT BETWEEN -amount AND 0
    END
    ORDER BY 1
"""

USES_OF_TRANSFERS = f"""
    WITH uses AS MATERIALIZED (
        SELECT transfer_id, sum(amount) AS amount FROM loyalty_lotuse GROUP BY transfer_id
    ), spent AS MATERIALIZED (
        SELECT transfer.id, transfer.amount
        FROM loyalty_account pot
        JOIN loyalty_unit unit ON unit.id = pot.unit_id AND unit.kind <> 'qualifying'
        JOIN loyalty_transfer transfer ON transfer.target_id = pot.id
        JOIN loyalty_account source ON source.id = transfer.source_id
            AND source.member_id IS NOT NULL
        WHERE pot.member_id IS NULL AND pot.pot NOT IN ('reversed', 'adjusted')
    ), rest AS MATERIALIZED (
        SELECT * FROM uses WHERE NOT EXISTS (SELECT FROM spent WHERE spent.id = uses.transfer_id)
    ), {OTHER_USES}
    SELECT spent.id, spent.amount::bigint, coalesce(uses.amount, 0)
    FROM spent LEFT JOIN uses ON uses.transfer_id = spent.id
    WHERE coalesce(uses.amount, 0) <> spent.amount
    UNION ALL {ODD_USES}
"""
"""What left a member was taken from lots, what came back went into them, and grants use none.

A grant that pays a debt uses the lot it has made itself, which does not count here.
"""

USES_OF_OTHERS = f"""
    WITH rest AS MATERIALIZED (
        SELECT transfer_id, sum(amount) AS amount FROM loyalty_lotuse
        WHERE transfer_id = ANY(%(others)s) GROUP BY transfer_id
    ), {OTHER_USES} {ODD_USES}
"""
"""The same of transfers that are known to be no spending, where all spending has its uses."""

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
        JOIN loyalty_account source ON source.id = transfer.source_id AND source.pot IN ('issued', 'partner')
        WHERE accrual_id IS NOT NULL GROUP BY accrual_id
    ) posted ON posted.accrual_id = accrual.id
    WHERE earned.amount <> coalesce(posted.amount, 0)
    ORDER BY accrual.id
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
    WHERE lot.origin_id IS NOT NULL AND ((lot.activates_at, lot.expires_at)
        IS DISTINCT FROM (origin.activates_at, origin.expires_at) OR origin.origin_id IS NOT NULL)
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
    "tier_follows_from_transfers": tiers(REACHED),
    "who_is_led_holds_nothing": LED,
    "moved_points_keep_their_dates": DATES_OF_MOVED,
    "visits_are_the_purchases_that_stand": VISITS,
    "campaign_spent_what_its_rules_paid": CAMPAIGNS,
    **MOVE_CHECKS,
    **PARTNER_CHECKS,
    **REWARD_CHECKS,
}
"""Each check gives rows of (id, stored, derived) that disagree; none where the books are right."""

SEALED = "sealed_transfers_are_unchanged"
BLOCK, AT_ONCE, ACCOUNTS_AT_ONCE, PAGES = 20_000, 8, 100_000, 2_048
"""Transfers of a block that is not sealed yet; blocks, accounts, and pages of uses, that one statement
asks for."""

COUNT = "SELECT count(*) FROM loyalty_{}"
PASSES = ("receipts", "lots", "tiers", "narrow")
COUNTING = {"transfer": "transfers", "accrual": "receipts", "lot": "lots"}
"""What a pass counts, in its last column."""

COUNTED = ("member", "account", "accrual", "transfer", "lot", "redemption", "reversal", "hold")


@dataclass(frozen=True)
class Audit:
    """What an audit found: one readable text for each mismatch, and how much it looked at."""

    mismatches: tuple[str, ...]
    counts: dict[str, int]


def audit(now: datetime, *, limit: int = 1000) -> Audit:
    """Every mismatch between what is stored and what the transfers give, `limit` for each check.

    Each check is one statement over whole tables; those that compare large tables are cleared by
    passes over each of them, and made only where a pass does not clear them. Several connections
    share the work. All of them see the same moment: posting may go on meanwhile.
    """
    told = {"limit": limit, "now": now, "seed": 1 + randbits(48) + 2**48}
    with one_moment():
        told |= _units()
        found = _passed(told)
        passed = cleared({name: rows[0] for name, rows in found.items() if rows})
        late = {name: f"{CHECKS[name]} LIMIT %(limit)s" for name in CLEARABLE - passed}
        if "every_spending_has_its_uses" in passed and (others := found["uses"][0][2]):
            late |= {"every_spending_has_its_uses": f"{USES_OF_OTHERS} LIMIT %(limit)s"}
            told |= {"others": others}
        late |= {noun: COUNT.format(noun) for noun, one in COUNTING.items() if not found[one]}
        found |= rows_of(late, told)
        mismatches = [
            f"{check}: {row} has {stored}, the transfers say {derived}"
            for check in (*CHECKS, SEALED)
            for row, stored, derived in _of(found, check)[:limit]
        ]
        mismatches += standings_that_differ(limit=limit) + memories_that_differ(limit=limit)
    return Audit(tuple(mismatches), {f"{noun}s": _count(found, noun) for noun in COUNTED})


def _passed(told: Mapping[str, Any]) -> dict[str, Rows]:
    """What all passes, and the checks that no pass clears, gave by their names."""
    from regulars.loyalty.queries.auditing_books import ACCOUNTS, Books
    from regulars.loyalty.queries.auditing_uses import USES, Uses

    books = Books(told["seed"])
    accounts = spans("loyalty_account", LEAST, ACCOUNTS_AT_ONCE)
    found = _read(
        {"narrow": NARROW}, told, {ACCOUNTS.format(*span): books.read_accounts for span in accounts}
    )
    books.open_accounts(last=found["narrow"][0][1])
    chain = chain_of_blocks(BLOCK)
    parts = [chain[start : start + AT_ONCE] for start in range(0, len(chain), AT_ONCE)]
    blocks = {asked_for(part): books.reader_of(part) for part in parts}
    found |= _read(_asked(told), told, blocks, name=SEALED)
    moved = books.found() if all(block.follows for block in chain) else None
    uses = Uses(books.spent, told["seed"])
    _read({}, told, {USES.format(*part): uses.read for part in pages_of("loyalty_lotuse", PAGES)})
    return found | {"transfers": [moved] if moved else [], "uses": [uses.found()]}


def _read(
    asked: Mapping[str, str],
    told: Mapping[str, Any],
    readers: Mapping[str, Reader],
    *,
    name: str = "read",
) -> dict[str, Rows]:
    """What is asked for by name, and what readers make of the statements that each of them reads."""
    named = {f"{name}/{place}": one for place, one in enumerate(readers.items())}
    return rows_of(
        {**asked, **{part: statement for part, (statement, _) in named.items()}},
        told,
        may_overflow=PASSES,
        readers={part: reader for part, (_, reader) in named.items()},
    )


def _count(found: Mapping[str, Rows], noun: str) -> int:
    """How many there are of what the audit looked at; the passes have counted the many."""
    passing = COUNTING.get(noun)
    rows = found[passing] if passing and found[passing] else found[noun]
    return int(rows[0][-1])


def _of(found: Mapping[str, Rows], check: str) -> Rows:
    """What a check found, in one piece or in parts."""
    parts = [rows for name, rows in found.items() if name.split("/")[0] == check]
    return [row for rows in parts for row in rows]


def _units() -> dict[str, Any]:
    codes = list(Unit.objects.order_by("code").values_list("code", flat=True).distinct())
    return {"units": codes} | {f"unit_{place}": code for place, code in enumerate(codes)}


def _asked(told: Mapping[str, Any]) -> dict[str, str]:
    """What is asked of the database at once, the longest first: passes, checks, counts."""
    passes = {"receipts": receipts(len(told["units"])), "lots": LOTS_PASS}
    checks = {
        name: f"{statement} LIMIT %(limit)s"
        for name, statement in CHECKS.items()
        if name not in CLEARABLE
    }
    counts = {noun: COUNT.format(noun) for noun in COUNTED if noun not in COUNTING}
    return passes | {"tiers": TIERS} | checks | counts
