"""Merging and parting of members: points move by transfers until they lie where persons are.

What has to be done follows from how things stand, never from what an event says: which records
are one person now, and which members are pooled in the books. So events may come late, twice or
in any order, and a merge that was taken back before anybody looked moves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.welcoming import welcome_members
from regulars.loyalty.actions.writing import MemberState, Movements, write_tier_changes
from regulars.loyalty.events import MembersRegrouped
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.pools import (
    Pooled,
    accounts_of,
    histories_of,
    joined_without_welcome,
    open_lots_with_owners,
    pools_around,
    qualifying_of,
)
from regulars.loyalty.rules.parting import Borne, Held, evened, moves, parted

Row = tuple[str, int, int, int, int | None, int | None]
"""A transfer: key, source, target, amount, the lot it takes from, and the origin of its new lot."""


def regroup_everywhere(customer_ids: Collection[int], *, cause: str, now: datetime) -> None:
    """Bring the books of every program in line with who is one person now."""
    for program in Program.objects.order_by("id"):
        regroup_members(program, customer_ids, cause=cause, now=now)


@transaction.atomic
def regroup_members(
    program: Program,
    customer_ids: Collection[int],
    *,
    cause: str,
    now: datetime,
    is_settling: bool = False,
) -> None:
    """Bring a program's books in line with who is one person now; repeated, it changes nothing.

    Members of one person are led by one of them, whose accounts take what all have. Members that
    part get what each would have alone; what one spent beyond that is put down as a shortfall.
    `cause` begins the keys of all transfers. With `is_settling`, shares are worked out anew even
    though nobody parts: a redemption of earlier was undone.
    """
    members = _lock_pools(program, customer_ids)
    pools = {(one.pool, one.wanted) for one in members}
    parting = is_settling or len({pool for pool, _ in pools}) < len(pools)
    if not parting and all(pool == wanted for pool, wanted in pools):
        return
    rows, borne = _moves_of_lots(members, cause=cause, parting=parting, now=now)
    rows += _moves_of_status(members, cause=cause)
    _write(rows, now=now)
    _write_shortfalls(borne, cause=cause, now=now)
    _lead(members)
    _settle_standings(book_of(program), members, cause=cause, now=now)
    publish(MembersRegrouped(program_id=program.pk, member_ids=tuple(one.id for one in members)))


def _lock_pools(program: Program, customer_ids: Collection[int]) -> list[Pooled]:
    """The members concerned, locked in the order of their ids; read again until nothing changed."""
    members = pools_around(program, customer_ids)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM loyalty_member WHERE id = ANY(%s::bigint[])"
                " ORDER BY id FOR NO KEY UPDATE",
                [int_array(one.id for one in members)],
            )
        again = pools_around(program, customer_ids)
        if {one.id for one in again} <= {one.id for one in members}:
            return again
        members = again


def _moves_of_lots(
    members: Sequence[Pooled], *, cause: str, parting: bool, now: datetime
) -> tuple[list[Row], list[Borne]]:
    ids = [one.id for one in members]
    leaders = {one.id: one.wanted for one in members}
    accounts = accounts_of(ids)
    lots = open_lots_with_owners(ids)
    alone = histories_of(ids) if parting else {}
    rows: list[Row] = []
    borne: list[Borne] = []
    for unit in sorted({unit for unit, _, _ in lots} | alone.keys()):
        held = [lot for of, _, lot in lots if of == unit]
        owners = {lot.origin: owner for of, owner, lot in lots if of == unit}
        history = alone.get(unit)
        if history is not None:
            owners |= {id_: lot.owner for id_, lot in history.lots.items()}
        homes = {
            origin: accounts[leaders[owner], unit][0]
            for origin, owner in owners.items()
            if owner in leaders
        }
        wanted = None
        if history is not None:
            share = parted(history, _left(held), leaders, now)
            wanted, borne = share.wanted, [*borne, *share.borne]
        rows += _rows_of_lots(held, homes, wanted, cause=cause, pot=_adjusted(unit))
    return rows, borne


def _left(held: Sequence[Held]) -> dict[int, int]:
    left: dict[int, int] = {}
    for lot in held:
        left[lot.origin] = left.get(lot.origin, 0) + lot.remaining
    return left


def _rows_of_lots(
    held: Sequence[Held],
    homes: Mapping[int, int],
    wanted: Mapping[int, int] | None,
    *,
    cause: str,
    pot: int,
) -> list[Row]:
    """The transfers of moves; within one account points change their lot by way of the pot."""
    rows: list[Row] = []
    for lot, origin, target, amount in moves(held, homes, wanted):
        key = f"{cause}:{lot.id}:{origin}"
        if target != lot.account:
            rows.append((key, lot.account, target, amount, lot.id, origin))
        else:
            rows.append((f"{key}:out", lot.account, pot, amount, lot.id, None))
            rows.append((f"{key}:in", pot, target, amount, None, origin))
    return rows


def _adjusted(unit: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_account"
            " WHERE unit_id = %s AND pot = 'adjusted' AND member_id IS NULL",
            [unit],
        )
        return int(cursor.fetchone()[0])


def _moves_of_status(members: Sequence[Pooled], *, cause: str) -> list[Row]:
    """The transfers of qualifying points, which have no lots: each leader has what all earned."""
    ids = [one.id for one in members]
    leaders = {one.id: one.wanted for one in members}
    earned = qualifying_of(ids)
    accounts = accounts_of(ids)
    rows: list[Row] = []
    for unit in sorted({unit for _, unit in earned}):
        held = {accounts[id_, unit][0]: accounts[id_, unit][1] for id_ in ids}
        wanted = dict.fromkeys(held, 0)
        for id_ in ids:
            wanted[accounts[leaders[id_], unit][0]] += earned.get((id_, unit), 0)
        for source, target, amount in evened(held, wanted):
            rows.append((f"{cause}:{source}:to:{target}", source, target, amount, None, None))
    return rows


WRITE = """
    WITH given AS (
        SELECT nextval('loyalty_transfer_id_seq') AS id, given.*
        FROM unnest(%(keys)s::text[], %(sources)s::bigint[], %(targets)s::bigint[],
            %(amounts)s::bigint[], %(lots)s::bigint[], %(origins)s::bigint[])
            AS given (key, source_id, target_id, amount, lot_id, origin_id)
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, at, recorded_at)
        SELECT id, key, source_id, target_id, amount, %(now)s, %(now)s FROM given
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT lot_id, id, amount FROM given WHERE lot_id IS NOT NULL
    ), lots AS (
        INSERT INTO loyalty_lot (account_id, transfer_id, granted, remaining, activates_at,
            expires_at, origin_id)
        SELECT given.target_id, given.id, given.amount, given.amount, origin.activates_at,
            origin.expires_at, origin.id
        FROM given JOIN loyalty_lot origin ON origin.id = given.origin_id
    ), emptied AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - moved.amount
        FROM (SELECT lot_id, sum(amount) AS amount FROM given GROUP BY lot_id) moved
        WHERE lot.id = moved.lot_id
    )
    UPDATE loyalty_account account SET balance = account.balance + legs.amount
    FROM (
        SELECT id, sum(amount) AS amount FROM (
            SELECT target_id AS id, amount FROM given
            UNION ALL SELECT source_id, -amount FROM given
        ) leg GROUP BY id
    ) legs WHERE account.id = legs.id AND account.member_id IS NOT NULL
"""


def _write(rows: Sequence[Row], *, now: datetime) -> None:
    """Put transfers between members on the books, with lots and balances; 1 statement."""
    if not rows:
        return
    keys, sources, targets, amounts, lots, origins = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "keys": text_array(keys),
                "sources": int_array(sources),
                "targets": int_array(targets),
                "amounts": int_array(amounts),
                "lots": int_array(lots),
                "origins": int_array(origins),
                "now": now,
            },
        )


def _write_shortfalls(borne: Sequence[Borne], *, cause: str, now: datetime) -> None:
    if not borne:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_shortfall
                (cause, lot_id, owner_id, spender_id, amount, after_id, at)
            SELECT %s, lot.id, coalesce(accrual.member_id, account.member_id), given.spender_id,
                given.amount, (SELECT max(id) FROM loyalty_transfer), %s
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
                AS given (lot_id, spender_id, amount)
            JOIN loyalty_lot lot ON lot.id = given.lot_id
            JOIN loyalty_account account ON account.id = lot.account_id
            JOIN loyalty_transfer transfer ON transfer.id = lot.transfer_id
            LEFT JOIN loyalty_accrual accrual ON accrual.id = transfer.accrual_id
            """,
            [
                cause,
                now,
                int_array(one.lot_id for one in borne),
                int_array(one.spender for one in borne),
                int_array(one.amount for one in borne),
            ],
        )


def _lead(members: Sequence[Pooled]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_member member SET led_by_id = nullif(given.lead_id, given.id)
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, lead_id)
            WHERE member.id = given.id
                AND member.led_by_id IS DISTINCT FROM nullif(given.lead_id, given.id)
            """,
            [int_array(one.id for one in members), int_array(one.wanted for one in members)],
        )


def _settle_standings(book: Book, members: Sequence[Pooled], *, cause: str, now: datetime) -> None:
    """Tiers of those who lead follow their balances; who parted and had no welcome is welcomed.

    A gift for joining is given once to a person, so that one of two has none when they part.
    """
    states = _states(book, [one.id for one in members if one.wanted == one.id])
    movements = Movements()
    for state in states.values():
        movements.climb(book, state, cause=cause, at=now)
    if movements.tiers:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE loyalty_member member SET tier_id = given.tier_id"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, tier_id)"
                " WHERE member.id = given.id",
                [
                    int_array(move.member.id for move in movements.tiers),
                    int_array(book.tier_ids.get(move.after) for move in movements.tiers),
                ],
            )
        write_tier_changes(book, movements.tiers)
    joined = joined_without_welcome(_parted(members))
    welcomed = {one.wanted for one in members if one.id not in joined}
    new = [states[id_] for id_ in joined if id_ in states and id_ not in welcomed]
    welcome_members(book, new, joined=joined, now=now)


def _parted(members: Sequence[Pooled]) -> list[int]:
    """The members of pools that now stand apart."""
    leaders: dict[int, set[int]] = {}
    for one in members:
        leaders.setdefault(one.pool, set()).add(one.wanted)
    return [one.id for one in members if len(leaders[one.pool]) > 1]


def _states(book: Book, member_ids: Collection[int]) -> dict[int, MemberState]:
    """These members, locked before, with their balances as they are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, customer_id, number, visits, tier_id FROM loyalty_member"
            " WHERE id = ANY(%s::bigint[]) ORDER BY id",
            [int_array(member_ids)],
        )
        states = {
            row[0]: MemberState(row[0], row[1], row[2], row[3], book.tier_code(row[4]))
            for row in cursor.fetchall()
        }
    units = {unit.id: unit.code for unit in book.units.values()}
    for (member_id, unit_id), (account_id, balance) in accounts_of(member_ids).items():
        states[member_id].accounts[units[unit_id]] = account_id
        states[member_id].balances[units[unit_id]] = balance
    return states
