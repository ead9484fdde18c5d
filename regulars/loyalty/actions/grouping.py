"""Merging and parting of members: points move by transfers until they lie where persons are.

What has to be done follows from how things stand, never from what an event says: which records
are one person now, and which members are pooled in the books. So events may come late, twice or
in any order, and a merge that was taken back before anybody looked moves nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.charging import Owed, charge
from regulars.loyalty.actions.tiering import judge_members, write_tier_changes
from regulars.loyalty.actions.welcoming import welcome_members
from regulars.loyalty.actions.writing import MemberState, Movements
from regulars.loyalty.events import MembersRegrouped
from regulars.loyalty.models import Account, Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.pools import (
    Pooled,
    accounts_of,
    histories_of,
    joined_without_welcome,
    open_lots_with_owners,
    pools_around,
    programs_around,
    qualifying_of,
)
from regulars.loyalty.rules.parting import (
    Alone,
    Borne,
    Held,
    evened,
    left_by_origin,
    moves,
    owed_by_leader,
    parted,
)

Row = tuple[str, int, int, int, int | None, int | None]
"""A transfer: key, source, target, amount, the lot it takes from, and the origin of its new lot.

One from the pot that names no origin pays what the target owes.
"""


def regroup_everywhere(customer_ids: Collection[int], *, cause: str, now: datetime) -> None:
    """Bring the books of every program in line with who is one person now."""
    for program in programs_around(customer_ids):
        regroup_members(program, customer_ids, cause=cause, now=now)


@transaction.atomic
def regroup_members(
    program: Program, customer_ids: Collection[int], *, cause: str, now: datetime
) -> None:
    """Bring a program's books in line with who is one person now; repeated, it changes nothing.

    Members of one person are led by one of them, whose accounts take what all have. Members that
    part get what each would have alone; what one spent beyond that is put down as a shortfall.
    `cause` begins the keys of all transfers.
    """
    members = _lock_pools(program, customer_ids)
    pools = {(one.pool, one.wanted) for one in members}
    parting = len({pool for pool, _ in pools}) < len(pools)
    if parting or any(pool != wanted for pool, wanted in pools):
        _regroup(program, members, cause=cause, parting=parting, now=now)


def settle_what_came_back(
    program: Program, concerned: Mapping[int, bool], *, cause: str, now: datetime
) -> None:
    """Bring what came back of spending to whose it is by now; `concerned` as `concerned_by` gives it.

    Among members who have parted since, shares are worked out anew. Where all are still one
    person, points go to its leading member with the dates they have, and nothing else moves.
    """
    for parting in (True, False):
        records = [record for record, are_apart in concerned.items() if are_apart is parting]
        if records:
            members = _lock_pools(program, records)
            _regroup(program, members, cause=cause, parting=parting, now=now)


def _regroup(
    program: Program, members: Sequence[Pooled], *, cause: str, parting: bool, now: datetime
) -> None:
    book = book_of(program)
    plan = _moves_of_lots(book, members, cause=cause, parting=parting, now=now)
    _write(plan.rows + _moves_of_status(members, cause=cause), now=now)
    charge(plan.owed, cause=cause, now=now)
    _write_shortfalls(plan.borne, cause=cause, now=now)
    _lead(members)
    _settle_standings(book, members, cause=cause, now=now)
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


@dataclass
class _Plan:
    """What has to move in all units, what lots bear for others, and what is owed afterwards."""

    rows: list[Row] = field(default_factory=list)
    borne: list[Borne] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)


def _moves_of_lots(
    book: Book, members: Sequence[Pooled], *, cause: str, parting: bool, now: datetime
) -> _Plan:
    ids = [one.id for one in members]
    accounts, lots, terms = accounts_of(ids), open_lots_with_owners(ids), book.terms
    owing = {unit for (_, unit), (_, _, debt) in accounts.items() if debt}
    alone: Mapping[int, Alone] = {}
    if parting:
        debts = terms.debts or bool(owing)
        alone = histories_of(ids, debts=debts, debt_max=terms.debt_max)
    plan = _Plan()
    for unit in sorted({unit for unit, _, _ in lots} | alone.keys() | owing):
        mine = [(owner, lot) for of, owner, lot in lots if of == unit]
        held = {one.id: accounts[one.id, unit] for one in members}
        history = alone.get(unit)
        _plan_unit(plan, members, mine, held, history=history, cause=cause, unit=unit, now=now)
    return plan


def _plan_unit(
    plan: _Plan,
    members: Sequence[Pooled],
    lots: Sequence[tuple[int, Held]],
    accounts: Mapping[int, tuple[int, int, int]],
    *,
    history: Alone | None,
    cause: str,
    unit: int,
    now: datetime,
) -> None:
    """Add the moves of one unit; debts are paid by the program and charged anew afterwards."""
    leaders = {one.id: one.wanted for one in members}
    owners = {lot.origin: owner for owner, lot in lots}
    held = [lot for _, lot in lots]
    wanted, owed = None, {id_: debt for id_, (_, _, debt) in accounts.items() if debt}
    pot = _adjusted(unit)
    for id_, debt in owed.items():
        plan.rows.append((f"{cause}:owed:{id_}:{unit}", pot, accounts[id_][0], debt, None, None))
    if history is not None:
        owners |= {id_: lot.owner for id_, lot in history.lots.items()}
        share = parted(history, left_by_origin(held), leaders, now, debt=sum(owed.values()))
        wanted, owed = share.wanted, share.owed
        plan.borne += share.borne
    homes = {
        origin: accounts[leaders[owner]][0] for origin, owner in owners.items() if owner in leaders
    }
    plan.rows += _rows_of_lots(held, homes, wanted, cause=cause, pot=pot)
    plan.owed += [
        (accounts[id_][0], pot, amount) for id_, amount in owed_by_leader(owed, leaders).items()
    ]


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
        if lot is None:
            rows.append((f"{cause}:new:{origin}", pot, target, amount, None, origin))
            continue
        key = f"{cause}:{lot.id}:{origin}"
        if target != lot.account:
            rows.append((key, lot.account, target, amount, lot.id, origin))
        else:
            rows.append((f"{key}:out", lot.account, pot, amount, lot.id, None))
            rows.append((f"{key}:in", pot, target, amount, None, origin))
    return rows


def _adjusted(unit: int) -> int:
    rows = Account.objects.filter(unit=unit, pot="adjusted", member=None)
    return rows.values_list("pk", flat=True).get()


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
        INSERT INTO loyalty_lot (id, account_id, granted, remaining, activates_at,
            expires_at, origin_id)
        SELECT given.id, given.target_id, given.amount, given.amount, origin.activates_at,
            origin.expires_at, origin.id
        FROM given JOIN loyalty_lot origin ON origin.id = given.origin_id
    ), repaid AS (
        INSERT INTO loyalty_lot (id, account_id, granted, remaining, activates_at)
        SELECT given.id, given.target_id, given.amount, 0, %(now)s FROM given
        JOIN loyalty_account account ON account.id = given.target_id
            AND account.member_id IS NOT NULL
        JOIN loyalty_unit unit ON unit.id = account.unit_id AND unit.kind <> 'qualifying'
        WHERE given.lot_id IS NULL AND given.origin_id IS NULL
        RETURNING id, account_id, granted
    ), paid AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, id, granted FROM repaid
    ), emptied AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - moved.amount
        FROM (SELECT lot_id, sum(amount) AS amount FROM given GROUP BY lot_id) moved
        WHERE lot.id = moved.lot_id
    )
    UPDATE loyalty_account account
    SET balance = account.balance + legs.amount, debt = account.debt - legs.repaid
    FROM (
        SELECT id, sum(amount) AS amount, sum(repaid) AS repaid FROM (
            SELECT target_id AS id, amount, 0 AS repaid FROM given
            UNION ALL SELECT source_id, -amount, 0 FROM given
            UNION ALL SELECT account_id, 0, granted FROM repaid
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
            SELECT %s, lot.id,
                coalesce(accrual.member_id, adjustment.member_id, handover.taker_id,
                    account.member_id), given.spender_id,
                given.amount, (SELECT max(id) FROM loyalty_transfer), %s
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])
                AS given (lot_id, spender_id, amount)
            JOIN loyalty_lot lot ON lot.id = given.lot_id
            JOIN loyalty_account account ON account.id = lot.account_id
            JOIN loyalty_transfer transfer ON transfer.id = lot.id
            LEFT JOIN loyalty_accrual accrual ON accrual.id = transfer.accrual_id
            LEFT JOIN loyalty_adjustment adjustment ON adjustment.transfer_id = transfer.id
            LEFT JOIN loyalty_handover handover ON handover.id = lot.handover_id
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
                    int_array(move.member_id for move in movements.tiers),
                    int_array(book.tier_ids.get(move.after) for move in movements.tiers),
                ],
            )
        write_tier_changes(book, movements.tiers)
    if book.tracked:
        _forget_standings([one.id for one in members if one.wanted != one.id])
        judge_members(book, movements.unjudged, now=now)
    joined = joined_without_welcome(_parted(members))
    welcomed = {one.wanted for one in members if one.id not in joined}
    new = [states[id_] for id_ in joined if id_ in states and id_ not in welcomed]
    welcome_members(book, new, joined=joined, now=now)


def _forget_standings(member_ids: Sequence[int]) -> None:
    """Who is led stands nowhere by itself; what it did counts for its leader."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM loyalty_ladderstanding WHERE member_id = ANY(%s::bigint[])",
            [int_array(member_ids)],
        )


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
    for (member_id, unit_id), (account_id, balance, debt) in accounts_of(member_ids).items():
        states[member_id].accounts[units[unit_id]] = account_id
        states[member_id].balances[units[unit_id]] = balance
        if debt:
            states[member_id].debts[units[unit_id]] = debt
    return states
