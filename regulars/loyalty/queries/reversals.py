"""What returns and undoing need to know of purchases on the books."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q, QuerySet

from regulars.core.sql import int_array
from regulars.loyalty.models import Accrual, Program, Redemption

OF_PAYOUTS = ":payout"
"""What the cause of a return is followed by, and then by a rule's id, where it takes from its payouts."""


class Claim(NamedTuple):
    """Goods of a purchase that came back: worth so much in all, of so much once paid.

    A total of 0 means the whole purchase.
    """

    purchase_id: int
    cause: str
    returned_minor: int
    total_minor: int
    at: datetime | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing of the purchase is left."""
        return self.returned_minor >= self.total_minor


class Reversible(NamedTuple):
    """A purchase on the books, with what it earned by code of unit."""

    id: int
    member_id: int
    customer_id: int
    at: datetime
    earned: dict[str, int]


class LiveLot(NamedTuple):
    """An open lot that has not died, and the accrual that once granted it."""

    id: int
    remaining: int
    accrual_id: int | None
    is_pending: bool


@dataclass
class Settled:
    """What was settled before: causes, what was due by unit, and accruals wholly taken back.

    `expired` is how much of what a purchase earned has died by itself and was not yet counted.
    """

    causes: set[tuple[int, str]] = field(default_factory=set)
    due: dict[tuple[int, str], int] = field(default_factory=dict)
    expired: dict[tuple[int, str], int] = field(default_factory=dict)
    voided: set[int] = field(default_factory=set)


def claims_of_returns(return_ids: Sequence[int]) -> list[Claim]:
    """The claims of these returns; each counts what came back of its purchase up to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.purchase_id, 'return:' || r.id, sum(earlier.total_minor)::bigint,
                   lines.total_minor, r.returned_at
            FROM customers_return r
            JOIN customers_return earlier
                ON earlier.purchase_id = r.purchase_id AND earlier.id <= r.id
            CROSS JOIN LATERAL (
                SELECT sum(line.total_minor)::bigint AS total_minor
                FROM customers_line line WHERE line.purchase_id = r.purchase_id
            ) lines
            WHERE r.id = ANY(%s::bigint[])
            GROUP BY r.id, r.purchase_id, r.returned_at, lines.total_minor ORDER BY r.id
            """,
            [int_array(return_ids)],
        )
        return [Claim(*row) for row in cursor.fetchall()]


def programs_behind(purchase_ids: Collection[int]) -> QuerySet[Program]:
    """The programs that gave points for these purchases, or whose points paid for them, by id."""
    gave = Accrual.objects.filter(purchase__in=purchase_ids).values("program")
    paid = Redemption.objects.filter(purchase__in=purchase_ids).values("unit__program")
    return Program.objects.filter(Q(pk__in=gave) | Q(pk__in=paid)).order_by("pk")


def accruals_of(program: Program, purchase_ids: Collection[int]) -> dict[int, Reversible]:
    """The accruals of these purchases in a program, by purchase."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.purchase_id, a.id, a.member_id, m.customer_id, a.at, a.receipt->'earned'
            FROM loyalty_accrual a JOIN loyalty_member m ON m.id = a.member_id
            WHERE a.purchase_id = ANY(%s::bigint[]) AND a.program_id = %s
            """,
            [int_array(purchase_ids), program.pk],
        )
        return {
            row[0]: Reversible(row[1], row[2], row[3], row[4], json.loads(row[5]))
            for row in cursor.fetchall()
        }


def settled_before(accrual_ids: Sequence[int], *, now: datetime) -> Settled:
    """What was settled of these accruals; ask under their members' locks."""
    settled = Settled(expired=_expired(accrual_ids, now=now))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.accrual_id, r.cause, u.code, r.due, r.expired FROM loyalty_reversal r"
            " JOIN loyalty_unit u ON u.id = r.unit_id WHERE r.accrual_id = ANY(%s::bigint[])",
            [int_array(accrual_ids)],
        )
        for accrual_id, cause, unit, due, expired in cursor.fetchall():
            of = (accrual_id, unit)
            settled.causes.add((accrual_id, cause))
            if OF_PAYOUTS not in cause:
                settled.due[of] = settled.due.get(of, 0) + due
            settled.expired[of] = settled.expired.get(of, 0) - expired
        cursor.execute(
            "SELECT id FROM loyalty_accrual"
            " WHERE id = ANY(%s::bigint[]) AND reversed_at IS NOT NULL",
            [int_array(accrual_ids)],
        )
        settled.voided = {row[0] for row in cursor.fetchall()}
    return settled


EXPIRED = """
    WITH granted AS (
        SELECT transfer.accrual_id, unit.code, lot.id
        FROM loyalty_transfer transfer
        JOIN loyalty_lot lot ON lot.id = transfer.id
        JOIN loyalty_account account ON account.id = lot.account_id
        JOIN loyalty_unit unit ON unit.id = account.unit_id
        WHERE transfer.accrual_id = ANY(%(accruals)s::bigint[])
    ), lots AS (
        SELECT granted.accrual_id, granted.code, lot.id, lot.remaining, lot.expires_at
        FROM granted JOIN loyalty_lot lot ON lot.id = granted.id
        UNION ALL
        SELECT granted.accrual_id, granted.code, lot.id, lot.remaining, lot.expires_at
        FROM granted JOIN loyalty_lot lot ON lot.origin_id = granted.id
            AND lot.origin_id IS NOT NULL
    )
    SELECT accrual_id, code, sum(amount)::bigint FROM (
        SELECT accrual_id, code, remaining AS amount FROM lots WHERE expires_at <= %(now)s
        UNION ALL
        SELECT lots.accrual_id, lots.code, use.amount FROM lots
        JOIN loyalty_lotuse use ON use.lot_id = lots.id
        JOIN loyalty_transfer transfer ON transfer.id = use.transfer_id
        JOIN loyalty_account pot ON pot.id = transfer.target_id AND pot.pot = 'expired'
    ) dead GROUP BY 1, 2
"""


def _expired(accrual_ids: Sequence[int], *, now: datetime) -> dict[tuple[int, str], int]:
    """What has died of these purchases' own points, whether a job has posted it yet or not."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRED, {"accruals": int_array(accrual_ids), "now": now})
        return {(accrual_id, unit): amount for accrual_id, unit, amount in cursor.fetchall()}


def live_lots_of(account_ids: Collection[int], *, now: datetime) -> dict[int, list[LiveLot]]:
    """The open lots of accounts in the order they are spent, pending ones too, dead ones not."""
    lots: dict[int, list[LiveLot]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT lot.account_id, lot.id, lot.remaining, transfer.accrual_id,
                lot.activates_at IS NULL OR lot.activates_at > %(now)s
            FROM loyalty_lot lot
            JOIN loyalty_lot origin ON origin.id = coalesce(lot.origin_id, lot.id)
            JOIN loyalty_transfer transfer ON transfer.id = origin.id
            WHERE lot.account_id = ANY(%(accounts)s::bigint[]) AND lot.remaining > 0
                AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
            ORDER BY lot.expires_at NULLS LAST, origin.id, lot.id
            """,
            {"accounts": int_array(account_ids), "now": now},
        )
        for account_id, *lot in cursor.fetchall():
            lots[account_id].append(LiveLot(*lot))
    return lots
