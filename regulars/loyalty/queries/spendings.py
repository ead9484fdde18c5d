"""Redemptions as those need them who give points back: what they took, and what came back."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.models import Program
from regulars.loyalty.rules.returns import Spent


class Spending(NamedTuple):
    """A redemption that stands: the purchase it paid for, and the account and pot of its points."""

    id: int
    purchase_id: int | None
    unit_id: int
    amount: int
    account_id: int
    customer_id: int
    pot_id: int


@dataclass
class Restored:
    """What came back of redemptions before, and by which causes."""

    amounts: dict[int, int] = field(default_factory=dict)
    causes: set[tuple[int, str]] = field(default_factory=set)


ORDER = "lot.expires_at NULLS LAST, coalesce(lot.origin_id, lot.id), lot.id"

SPENT_BY = """spent.key = CASE WHEN redemption.hold_id IS NULL
    THEN 'redemption:' || redemption.id ELSE 'hold:' || redemption.hold_id END"""
"""The transfer that took a redemption's lots; for one that captured a hold, the hold's own."""

SPENDINGS = f"""
    SELECT redemption.id, redemption.purchase_id, redemption.unit_id, redemption.amount,
        account.id, member.customer_id, pot.id
    FROM loyalty_redemption redemption
    JOIN loyalty_transfer spent ON {SPENT_BY}
    JOIN loyalty_account account ON account.id = spent.source_id
    JOIN loyalty_account pot ON pot.unit_id = redemption.unit_id AND pot.pot = 'redeemed'
        AND pot.member_id IS NULL
    JOIN loyalty_member member ON member.id = account.member_id
"""


def spendings_on(program: Program, purchase_ids: Collection[int]) -> list[Spending]:
    """The redemptions that paid for these purchases and were not undone, by id."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{SPENDINGS} WHERE redemption.purchase_id = ANY(%s::bigint[])"
            " AND redemption.undone_at IS NULL AND member.program_id = %s ORDER BY redemption.id",
            [int_array(purchase_ids), program.pk],
        )
        return [Spending(*row) for row in cursor.fetchall()]


def spending_of(redemption_id: int) -> Spending:
    """What one redemption took, from where."""
    with connection.cursor() as cursor:
        cursor.execute(f"{SPENDINGS} WHERE redemption.id = %s", [redemption_id])
        return Spending(*cursor.fetchone())


def uses_of(redemption_ids: Collection[int], *, now: datetime) -> dict[int, list[Spent]]:
    """By redemption what it took of each lot, in the order it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT redemption.id, redemption.amount, lot.id, use.amount,
                coalesce(lot.expires_at <= %s, false)
            FROM loyalty_redemption redemption
            JOIN loyalty_transfer spent ON {SPENT_BY}
            JOIN loyalty_lotuse use ON use.transfer_id = spent.id AND use.amount > 0
            JOIN loyalty_lot lot ON lot.id = use.lot_id
            WHERE redemption.id = ANY(%s::bigint[]) ORDER BY {ORDER}
            """,
            [now, int_array(redemption_ids)],
        )
        return _up_to_amounts(cursor.fetchall())


def uses_of_holds(hold_ids: Collection[int], *, now: datetime) -> dict[int, list[Spent]]:
    """By hold what it took of each lot, in the order it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT hold.id, hold.amount, lot.id, use.amount, coalesce(lot.expires_at <= %s, false)
            FROM loyalty_hold hold
            JOIN loyalty_transfer spent ON spent.key = 'hold:' || hold.id
            JOIN loyalty_lotuse use ON use.transfer_id = spent.id AND use.amount > 0
            JOIN loyalty_lot lot ON lot.id = use.lot_id
            WHERE hold.id = ANY(%s::bigint[]) ORDER BY {ORDER}
            """,
            [now, int_array(hold_ids)],
        )
        return _up_to_amounts(cursor.fetchall())


def _up_to_amounts(rows: Iterable[tuple[int, int, int, int, bool]]) -> dict[int, list[Spent]]:
    """What was taken of lots for each cause, up to its amount: a capture may be of less."""
    uses: dict[int, list[Spent]] = defaultdict(list)
    left: dict[int, int] = {}
    for cause, amount, lot_id, taken, is_dead in rows:
        part = min(taken, left.setdefault(cause, amount))
        if part:
            uses[cause].append(Spent(lot_id, part, is_dead))
            left[cause] -= part
    return uses


def restored_before(redemption_ids: Collection[int]) -> Restored:
    """What came back of these redemptions; ask under their members' locks."""
    restored = Restored()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT redemption_id, cause, amount FROM loyalty_restoration"
            " WHERE redemption_id = ANY(%s::bigint[])",
            [int_array(redemption_ids)],
        )
        for redemption_id, cause, amount in cursor.fetchall():
            restored.causes.add((redemption_id, cause))
            restored.amounts[redemption_id] = restored.amounts.get(redemption_id, 0) + amount
    return restored


def debts_of(account_ids: Collection[int]) -> dict[int, int]:
    """What is owed on each of these accounts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, debt FROM loyalty_account WHERE id = ANY(%s::bigint[])",
            [int_array(account_ids)],
        )
        return dict(cursor.fetchall())


TOUCHED = """
    WITH spent AS ({spent}),
    touched AS (
        SELECT spent.cause, coalesce(accrual.member_id, first.member_id) AS member_id
        FROM spent
        JOIN loyalty_lotuse use ON use.transfer_id = spent.id
        JOIN loyalty_lot lot ON lot.id = use.lot_id
        JOIN loyalty_lot origin ON origin.id = coalesce(lot.origin_id, lot.id)
        JOIN loyalty_account first ON first.id = origin.account_id
        JOIN loyalty_transfer given ON given.id = origin.id
        LEFT JOIN loyalty_accrual accrual ON accrual.id = given.accrual_id
        UNION SELECT cause, member_id FROM spent
        UNION SELECT spent.cause, account.member_id FROM spent
        JOIN loyalty_account account ON account.id = spent.source_id
    ), moved AS (
        SELECT touched.cause,
            count(DISTINCT coalesce(member.led_by_id, member.id)) > 1 AS are_apart
        FROM touched JOIN spent ON spent.cause = touched.cause
        JOIN loyalty_account account ON account.id = spent.source_id
        JOIN loyalty_member member ON member.id = touched.member_id
        GROUP BY touched.cause
        HAVING bool_or(coalesce(member.led_by_id, member.id) <> account.member_id)
    )
    SELECT member.customer_id, bool_or(moved.are_apart)
    FROM moved JOIN touched ON touched.cause = moved.cause
    JOIN loyalty_member member ON member.id = touched.member_id GROUP BY member.customer_id
"""
"""Records of members that spendings touched and that are not all with the payer any more; and whether
they are no longer one person among themselves."""

BY_REDEMPTIONS = f"""SELECT redemption.id AS cause, redemption.member_id, spent.id, spent.source_id
    FROM loyalty_redemption redemption JOIN loyalty_transfer spent ON {SPENT_BY}
    WHERE redemption.id = ANY(%s::bigint[])"""

BY_HOLDS = """SELECT hold.id AS cause, hold.member_id, spent.id, spent.source_id
    FROM loyalty_hold hold JOIN loyalty_transfer spent ON spent.key = 'hold:' || hold.id
    WHERE hold.id = ANY(%s::bigint[])"""


def concerned_by(redemption_ids: Collection[int]) -> dict[int, bool]:
    """The records of members that redemptions touched, where not all are with their payer any more.

    By record whether they have parted; else all are led by another by now, to whom is to go what
    comes back.
    """
    return _concerned(TOUCHED.format(spent=BY_REDEMPTIONS), redemption_ids)


def concerned_by_holds(hold_ids: Collection[int]) -> dict[int, bool]:
    """The same of holds."""
    return _concerned(TOUCHED.format(spent=BY_HOLDS), hold_ids)


def _concerned(statement: str, ids: Collection[int]) -> dict[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [int_array(ids)])
        return dict(cursor.fetchall())


def purchases_named(names: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of purchases on record by source and number; 1 statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT purchase.source, purchase.number, purchase.id
            FROM unnest(%s::text[], %s::text[]) AS given (source, number)
            JOIN customers_purchase purchase ON purchase.source = given.source
                AND purchase.number = given.number AND purchase.voided_at IS NULL
            """,
            [text_array([one[0] for one in names]), text_array([one[1] for one in names])],
        )
        return {(source, number): id_ for source, number, id_ in cursor.fetchall()}
