"""Members of merged records: who is pooled with whom, and what each has earned and spent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from regulars.core.sql import int_array
from regulars.customers.queries import persons_of
from regulars.loyalty.models import Member, Program
from regulars.loyalty.rules.parting import (
    Alone,
    Borne,
    Granted,
    Held,
    Spent,
    Step,
    TakenBack,
    Undone,
)

NEVER_UNDONE = 0
"""The key of spending that nobody will ask to be given back."""


@dataclass(frozen=True)
class Pooled:
    """A member as it stands in the books, and the member that should lead it now."""

    id: int
    customer_id: int
    pool: int
    wanted: int


def programs_around(customer_ids: Collection[int]) -> QuerySet[Program]:
    """The programs that any record of these persons is a member of, by id."""
    records = [record for person in persons_of(customer_ids).values() for record in person]
    joined = Member.objects.filter(customer__in=records).values("program")
    return Program.objects.filter(pk__in=joined).order_by("pk")


def pools_around(program: Program, customer_ids: Collection[int]) -> list[Pooled]:
    """All members of these persons, and all that are pooled with one of them, by id.

    A person's members are led by that of the leading record, or else by the oldest.
    """
    customers = set(customer_ids)
    rows: list[tuple[int, int, int]] = []
    persons: dict[int, tuple[int, ...]] = {}
    while True:
        persons = persons_of(customers)
        customers = {record for records in persons.values() for record in records}
        known, rows = rows, _members_around(program, customers, {row[2] for row in rows})
        customers |= {row[1] for row in rows}
        if rows == known:
            break
    lead_of = {record: lead for lead, records in persons.items() for record in records}
    leading = {one: id_ for id_, one, _ in rows if one == lead_of[one]}
    for id_, customer, _ in rows:
        leading.setdefault(lead_of[customer], id_)
    return [Pooled(id_, one, pool, leading[lead_of[one]]) for id_, one, pool in rows]


def _members_around(
    program: Program, customers: Collection[int], pools: Collection[int]
) -> list[tuple[int, int, int]]:
    """Id, record and pool of members of these records and in these pools, by id."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, customer_id, coalesce(led_by_id, id) FROM loyalty_member
            WHERE program_id = %s AND (customer_id = ANY(%s::bigint[])
                OR id = ANY(%s::bigint[]) OR led_by_id = ANY(%s::bigint[])) ORDER BY id
            """,
            [program.pk, int_array(customers), int_array(pools), int_array(pools)],
        )
        return [tuple(row) for row in cursor.fetchall()]


def accounts_of(member_ids: Collection[int]) -> dict[tuple[int, int], tuple[int, int, int]]:
    """The account, balance and debt of each member in each unit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, unit_id, id, balance, debt FROM loyalty_account"
            " WHERE member_id = ANY(%s::bigint[])",
            [int_array(member_ids)],
        )
        return {(row[0], row[1]): (row[2], row[3], row[4]) for row in cursor.fetchall()}


def open_lots_with_owners(member_ids: Collection[int]) -> list[tuple[int, int, Held]]:
    """The open lots in these members' accounts, oldest first: unit, owner, and the lot.

    The owner is the member whose card earned it, wherever it lies.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.unit_id,
                coalesce(accrual.member_id, adjustment.member_id, handover.taker_id,
                    first.member_id), lot.id, lot.account_id, origin.id, lot.remaining
            FROM loyalty_account account
            JOIN loyalty_lot lot ON lot.account_id = account.id AND lot.remaining > 0
            JOIN loyalty_lot origin ON origin.id = coalesce(lot.origin_id, lot.id)
            JOIN loyalty_account first ON first.id = origin.account_id
            JOIN loyalty_transfer transfer ON transfer.id = origin.id
            LEFT JOIN loyalty_accrual accrual ON accrual.id = transfer.accrual_id
            LEFT JOIN loyalty_adjustment adjustment ON adjustment.transfer_id = transfer.id
            LEFT JOIN loyalty_handover handover ON handover.id = origin.handover_id
            WHERE account.member_id = ANY(%s::bigint[])
            ORDER BY origin.id, lot.id
            """,
            [int_array(member_ids)],
        )
        return [(unit, owner, Held(*lot)) for unit, owner, *lot in cursor.fetchall()]


def histories_of(
    member_ids: Collection[int], *, debts: bool = False, debt_max: int | None = None
) -> dict[int, Alone]:
    """By unit what each of these members would have, had it been alone from its first day."""
    steps: list[tuple[int, int, int, Step]] = []
    for read in (_granted, _redeemed, _adjusted, _handed_over, _taken_back, _borne):
        steps += read(member_ids)
    alone: dict[int, Alone] = {}
    for _, _, unit, step in sorted(steps, key=lambda told: told[:2]):
        alone.setdefault(unit, Alone(debts=debts, debt_max=debt_max)).tell(step)
    return alone


def _rows(statement: str, member_ids: Collection[int], times: int = 1) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [int_array(member_ids)] * times)
        return [tuple(row) for row in cursor.fetchall()]


def _granted(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    """Lots once granted to these members, by purchases and as welcome."""
    columns = """transfer.id, account.unit_id, lot.id, {owner}, lot.granted, lot.activates_at,
        lot.expires_at, transfer.accrual_id"""
    rows = _rows(
        f"""
        SELECT {columns.format(owner="accrual.member_id")} FROM loyalty_accrual accrual
        JOIN loyalty_transfer transfer ON transfer.accrual_id = accrual.id
        JOIN loyalty_lot lot ON lot.id = transfer.id AND lot.origin_id IS NULL
        JOIN loyalty_account account ON account.id = lot.account_id
        WHERE accrual.member_id = ANY(%s::bigint[])
        UNION ALL
        SELECT {columns.format(owner="account.member_id")} FROM loyalty_account account
        JOIN loyalty_transfer transfer
            ON transfer.target_id = account.id AND transfer.accrual_id IS NULL
                AND transfer.key NOT LIKE 'merging:%%%%'
                AND transfer.key NOT LIKE 'adjustment:%%%%'
        JOIN loyalty_lot lot ON lot.id = transfer.id AND lot.origin_id IS NULL
            AND lot.handover_id IS NULL
        WHERE account.member_id = ANY(%s::bigint[])
        """,
        member_ids,
        2,
    )
    return [(row[0], 0, row[1], Granted(*row[2:])) for row in rows]  # type: ignore[misc,arg-type]


def _redeemed(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    """What was spent and held, and what came back; a hold goes by its number below zero."""
    rows = _rows(
        """
        SELECT transfer.id, redemption.unit_id, target.member_id IS NOT NULL,
            coalesce(-redemption.hold_id, redemption.id), redemption.member_id, transfer.amount,
            redemption.redeemed_at
        FROM loyalty_redemption redemption
        JOIN loyalty_transfer transfer ON transfer.redemption_id = redemption.id
        JOIN loyalty_account target ON target.id = transfer.target_id
        WHERE redemption.member_id = ANY(%s::bigint[])
            AND (redemption.hold_id IS NULL OR target.member_id IS NOT NULL)
        UNION ALL
        SELECT transfer.id, hold.unit_id, transfer.target_id = hold.account_id, -hold.id,
            hold.member_id, transfer.amount, hold.held_at
        FROM loyalty_hold hold
        JOIN loyalty_transfer transfer
            ON transfer.key IN ('hold:' || hold.id, 'hold:' || hold.id || ':back')
        WHERE hold.member_id = ANY(%s::bigint[])
        """,
        member_ids,
        2,
    )
    return [
        (row[0], 0, row[1], Undone(row[3], row[5]) if row[2] else Spent(*row[3:]))  # type: ignore[misc,arg-type]
        for row in rows
    ]


def _adjusted(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    """What people gave or took by hand, which stays with the member whose card they named.

    It is never undone, so that what was taken needs no key of its own.
    """
    rows = _rows(
        """
        SELECT transfer.id, adjustment.unit_id, lot.id, adjustment.member_id, transfer.amount,
            coalesce(lot.activates_at, transfer.at), lot.expires_at
        FROM loyalty_adjustment adjustment
        JOIN loyalty_transfer transfer ON transfer.id = adjustment.transfer_id
        JOIN loyalty_unit unit ON unit.id = adjustment.unit_id AND unit.kind <> 'qualifying'
        LEFT JOIN loyalty_lot lot ON lot.id = transfer.id
        WHERE adjustment.member_id = ANY(%s::bigint[])
        """,
        member_ids,
    )
    return [
        (row[0], 0, row[1], Granted(*row[2:]) if row[2] else Spent(NEVER_UNDONE, *row[3:6]))  # type: ignore[misc,arg-type]
        for row in rows
    ]


def _handed_over(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    """What these members gave to others and got from others, by the cards that were named."""
    lots = """
        SELECT {columns} FROM loyalty_handover handover
        JOIN loyalty_lot lot ON lot.handover_id = handover.id
        WHERE handover.{side} = ANY(%s::bigint[])"""
    got = """lot.id, handover.unit_id, lot.id, handover.taker_id, lot.granted,
        lot.activates_at, lot.expires_at"""
    gave = "lot.id, handover.unit_id, handover.giver_id, lot.granted, handover.at"
    steps: list[tuple[Any, ...]] = [
        (row[0], 0, row[1], Granted(*row[2:]))  # type: ignore[arg-type]
        for row in _rows(lots.format(columns=got, side="taker_id"), member_ids)
    ]
    steps += [
        (row[0], 0, row[1], Spent(NEVER_UNDONE, *row[2:]))  # type: ignore[arg-type]
        for row in _rows(lots.format(columns=gave, side="giver_id"), member_ids)
    ]
    return steps


def _taken_back(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    rows = _rows(
        """
        SELECT transfer.id, pot.unit_id, accrual.member_id, transfer.amount, transfer.recorded_at,
            accrual.id
        FROM loyalty_accrual accrual
        JOIN loyalty_transfer transfer ON transfer.accrual_id = accrual.id
        JOIN loyalty_account pot ON pot.id = transfer.target_id AND pot.pot = 'reversed'
        JOIN loyalty_unit unit ON unit.id = pot.unit_id AND unit.kind <> 'qualifying'
        WHERE accrual.member_id = ANY(%s::bigint[])
        """,
        member_ids,
    )
    return [(row[0], 0, row[1], TakenBack(*row[2:])) for row in rows]  # type: ignore[misc,arg-type]


def _borne(member_ids: Collection[int]) -> list[tuple[int, int, int, Step]]:
    rows = _rows(
        """
        SELECT short.after_id, account.unit_id, short.lot_id, short.spender_id, short.amount
        FROM loyalty_shortfall short JOIN loyalty_lot lot ON lot.id = short.lot_id
        JOIN loyalty_account account ON account.id = lot.account_id
        WHERE short.owner_id = ANY(%s::bigint[]) OR short.spender_id = ANY(%s::bigint[])
        """,
        member_ids,
        2,
    )
    return [(row[0], 1, row[1], Borne(*row[2:])) for row in rows]  # type: ignore[misc,arg-type]


def qualifying_of(member_ids: Collection[int]) -> dict[tuple[int, int], int]:
    """What each member's own purchases and gifts came to in each qualifying unit."""
    legs = """
        SELECT {owner} AS member_id, coalesce(source.unit_id, target.unit_id) AS unit_id,
            CASE WHEN target.member_id IS NOT NULL THEN moved.amount ELSE -moved.amount END AS amount
        FROM {origin}
        JOIN loyalty_account source ON source.id = moved.source_id
        JOIN loyalty_account target ON target.id = moved.target_id
        WHERE {owner} = ANY(%s::bigint[])
            AND (source.member_id IS NULL OR target.member_id IS NULL)"""
    by_purchase = legs.format(
        owner="accrual.member_id",
        origin="loyalty_accrual accrual"
        " JOIN loyalty_transfer moved ON moved.accrual_id = accrual.id",
    )
    as_gift = legs.format(
        owner="own.member_id",
        origin="loyalty_account own JOIN loyalty_transfer moved"
        " ON moved.target_id = own.id AND moved.accrual_id IS NULL"
        " AND moved.key NOT LIKE 'adjustment:%%'",
    )
    by_hand = """
        SELECT member_id, unit_id, amount FROM loyalty_adjustment
        WHERE member_id = ANY(%s::bigint[]) AND state = 'done'"""
    rows = _rows(
        f"""
        SELECT member_id, unit_id, sum(amount)::bigint
        FROM ({by_purchase} UNION ALL {as_gift} UNION ALL {by_hand}) leg
        JOIN loyalty_unit unit ON unit.id = unit_id AND unit.kind = 'qualifying'
        GROUP BY 1, 2
        """,
        member_ids,
        3,
    )
    return {(row[0], row[1]): row[2] for row in rows}  # type: ignore[misc]


def joined_without_welcome(member_ids: Collection[int]) -> dict[int, datetime]:
    """When these members joined, for those that no gift was ever booked for."""
    rows = _rows(
        """
        SELECT member.id, member.joined_at FROM loyalty_member member
        WHERE member.id = ANY(%s::bigint[]) AND NOT EXISTS (
            SELECT 1 FROM loyalty_transfer WHERE key = 'joined:' || member.id || ':1')
        """,
        member_ids,
    )
    return {row[0]: row[1] for row in rows}  # type: ignore[misc]
