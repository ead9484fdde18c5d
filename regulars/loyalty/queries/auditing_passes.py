"""The audit's passes: each large table is read once, for all the checks that need it.

Whether two tables say the same, row by row, is asked without joining them. Each side is summed with
weights drawn by a hash of the row's number, as Freivalds (1977) compares products of matrices: sides
that are equal give equal sums, and sides that differ anywhere give equal sums with a chance of about
one in 2^31 for each of two weights. Nobody can aim at it, because each audit draws another seed.
A check that a pass does not clear is done the long way, by `CHECKS`, which names the rows.

Oddities are counted rather than asked for by NOT EXISTS: for the first of them alone the planner takes
a nested loop over all members, which for a right ledger goes on for ever.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from regulars.loyalty.queries.ladders import tier_due

BITS = 2_147_483_647
"""Weights are of 31 bits: two of them are taken from one hash."""

LEGS = """SELECT target_id AS id, amount FROM loyalty_transfer
    UNION ALL SELECT source_id, -amount FROM loyalty_transfer"""
"""What each transfer brings to one account and takes from another."""


def _weighed(amount: str, row: str, seed: str | int, name: str, *, of: str = "true") -> str:
    """Two weighed sums of an amount, as columns; `of` which rows."""
    weight = f"hashint8extended({row}, %(seed)s + {seed})"
    return (
        f"coalesce(sum(({weight} & {BITS}) * {amount}) FILTER (WHERE {of}), 0) AS {name}_1,"
        f" coalesce(sum((({weight} >> 32) & {BITS}) * {amount}) FILTER (WHERE {of}), 0) AS {name}_2"
    )


BALANCES = f"""
    SELECT account.id, account.balance, coalesce(sums.amount, 0)
    FROM loyalty_account account
    LEFT JOIN (SELECT id, sum(amount) AS amount FROM ({LEGS}) legs GROUP BY id) sums
        ON sums.id = account.id
    WHERE account.member_id IS NOT NULL AND account.balance <> coalesce(sums.amount, 0)
    ORDER BY account.id
"""
"""Accounts of members whose balance is not what transfers brought them."""

REACHED = f"SELECT id, amount FROM ({LEGS}) legs"
BALANCED = "SELECT id, balance AS amount FROM loyalty_account"


def tiers(reached: str) -> str:
    """Members whose tier, on a ladder without a memory, does not follow from what they reached."""
    return f"""
    WITH reached AS (
        SELECT account.member_id, coalesce(sum(legs.amount), 0) AS amount
        FROM loyalty_account account
        JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind = 'qualifying'
        LEFT JOIN ({reached}) legs ON legs.id = account.id
        JOIN loyalty_member leader ON leader.id = account.member_id AND leader.led_by_id IS NULL
        GROUP BY account.member_id
    )
    SELECT member.id, member.tier_id, due.id
    FROM loyalty_member member
    JOIN reached ON reached.member_id = member.id
    JOIN loyalty_ladder ladder ON ladder.program_id = member.program_id AND ladder.position = 0
        AND NOT ladder.is_tracked
    {tier_due("reached.amount")}
    WHERE member.tier_id IS DISTINCT FROM due.id
    ORDER BY member.id
    """


TIERS = f"SELECT count(*) = 0 FROM ({tiers(BALANCED)}) odd"
"""Whether tiers follow from balances; where these follow from transfers, so do tiers."""

GRANTING = ("issued", "adjusted", "expired", "partner", "")
"""Pots whose transfers to members make lots; "" is another member's account."""

OF_ACCRUALS, OF_LOTS, OF_ACCOUNTS, OF_MEMBERS, OF_SPENDING = -1, -2, -3, -4, -5
"""What the seed of an audit is shifted by for weights by an id; by account and transfer together it is
the account's number."""

IDS_MAX = 2**32

NARROW = f"""
    SELECT coalesce(min(id) >= 0 AND max(id) < {IDS_MAX}, true),
        (SELECT coalesce(max(id), 0) FROM loyalty_transfer)
    FROM (
        {
    " UNION ALL ".join(
        f"SELECT unnest(ARRAY[min({column}), max({column})]) FROM loyalty_{table}"
        for table, column in (
            ("transfer", "id"),
            ("transfer", "accrual_id"),
            ("accrual", "id"),
            ("accrual", "member_id"),
            ("member", "id"),
            ("account", "id"),
            ("lot", "id"),
            ("lotuse", "lot_id"),
            ("lotuse", "transfer_id"),
        )
    )
}
    ) ends(id)
"""
"""Whether all ids have weights of their own: a larger one has that of a smaller one, and an amount could
be moved from the one to the other; and the largest of transfers."""

LOTS = f"""
    SELECT are_narrow AND (held_1, held_2) = (kept_1, kept_2), ARRAY[grants_1, grants_2],
        ARRAY[used_1, used_2], lots
    FROM (
        SELECT count(*) AS lots, {_weighed("remaining", "account_id", OF_ACCOUNTS, "held")},
            {_weighed("granted", "id", "account_id", "grants")},
            {_weighed("(granted - remaining)", "id", OF_LOTS, "used")},
            coalesce(bool_and(account_id BETWEEN 0 AND {IDS_MAX - 1}), true) AS are_narrow
        FROM loyalty_lot
    ) lots, (
        SELECT {_weighed("(account.balance + account.debt)", "account.id", OF_ACCOUNTS, "kept")}
        FROM loyalty_account account
        JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind <> 'qualifying'
        WHERE account.member_id IS NOT NULL
    ) kept
"""


def receipts(units: int) -> str:
    """The pass over accruals; what units earned is read by the names of so many of them."""
    earned = " + ".join(
        f"coalesce((receipt #>> ARRAY['earned', %(unit_{place})s])::bigint, 0)"
        for place in range(units)
    )
    return f"""
    SELECT is_told, ARRAY[earned_1, earned_2], (visits_1, visits_2) = (kept_1, kept_2), accruals
    FROM (
        SELECT count(*) AS accruals, coalesce(bool_and(is_told), true) AS is_told,
            {_weighed("earned", "id", OF_ACCRUALS, "earned")},
            {_weighed("1", "member_id", OF_MEMBERS, "visits", of="reversed_at IS NULL")}
        FROM (
            SELECT id, member_id, reversed_at, {earned or 0} AS earned,
                (receipt -> 'earned') - %(units)s::text[] = '{{}}' AS is_told
            FROM loyalty_accrual OFFSET 0
        ) accrual
    ) told, (SELECT {_weighed("visits", "id", OF_MEMBERS, "kept")} FROM loyalty_member) kept
    """


CLEARABLE = frozenset(
    {
        "balance_is_the_sum_of_transfers",
        "tier_follows_from_transfers",
        "transfer_stays_in_one_unit",
        "balance_is_the_sum_of_lots_less_debt",
        "every_grant_has_its_lot",
        "lot_is_its_grant_less_its_uses",
        "every_spending_has_its_uses",
        "receipt_is_what_was_posted",
        "visits_are_the_purchases_that_stand",
    }
)
"""The checks that passes may clear."""


def cleared(found: Mapping[str, Sequence[Any] | None]) -> set[str]:
    """The checks that the passes clear, by what each pass gave; None where it could not be done."""
    moved, held = found.get("transfers"), found.get("lots")
    used, told = found.get("uses"), found.get("receipts")
    narrow, tiered = found.get("narrow"), found.get("tiers")
    follows = bool(moved and moved[0])
    clear = {
        "balance_is_the_sum_of_transfers": follows,
        "tier_follows_from_transfers": bool(follows and tiered and tiered[0]),
        "transfer_stays_in_one_unit": bool(moved and moved[1]),
    }
    if narrow and narrow[0]:
        clear |= {
            "balance_is_the_sum_of_lots_less_debt": bool(held and held[0]),
            "every_grant_has_its_lot": bool(moved and held and moved[2] == held[1]),
            "lot_is_its_grant_less_its_uses": bool(held and used and held[2] == used[0]),
            "every_spending_has_its_uses": bool(
                moved and used and used[2] is not None and moved[4] == used[1]
            ),
            "receipt_is_what_was_posted": bool(moved and told and told[0] and moved[3] == told[1]),
            "visits_are_the_purchases_that_stand": bool(told and told[2]),
        }
    return {check for check, is_clear in clear.items() if is_clear}
