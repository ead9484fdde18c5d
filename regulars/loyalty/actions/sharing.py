"""Spending in a household: what is missing comes from the others' lots, and goes back to them.

Whoever spends gets, just before, what others' lots pay, by transfers that name their household;
each lot keeps its dates. So a redemption or a hold is the spender's own, with everything that
follows from it. What comes back of it, by an undo, a return or a hold that is let go, goes back at
once to whose it was. No drawn points lie with the one who drew them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from regulars.core.errors import Refused
from regulars.core.sql import int_array
from regulars.loyalty.actions.locking import lock_leader, lock_people
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.moving import Moving, move_lots
from regulars.loyalty.models import Account, Handover, Member, Program, Unit
from regulars.loyalty.queries.books import book_of
from regulars.loyalty.queries.households import (
    Circle,
    FoundLot,
    circles_of,
    rules_of,
    shared_lots,
)
from regulars.loyalty.rules.households import taken_from_household
from regulars.loyalty.rules.lots import Use

CAME_BACK = """
    SELECT lot.id, lot.remaining, drew.id, taker.customer_id, giver.customer_id
    FROM loyalty_lot lot JOIN loyalty_handover drew ON drew.id = lot.handover_id
        AND drew.kind = 'draw'
    JOIN loyalty_member taker ON taker.id = drew.taker_id
    JOIN loyalty_member giver ON giver.id = drew.giver_id
    JOIN loyalty_account account ON account.id = lot.account_id
        AND account.member_id = coalesce(taker.led_by_id, taker.id)
        AND account.member_id <> coalesce(giver.led_by_id, giver.id)
    WHERE lot.account_id = ANY(%(accounts)s::bigint[]) AND lot.remaining > 0
        AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
    ORDER BY lot.id
"""

GIVERS = """
    SELECT DISTINCT coalesce(giver.led_by_id, giver.id), giver.customer_id
    FROM loyalty_transfer spent JOIN loyalty_lotuse use ON use.transfer_id = spent.id
    JOIN loyalty_lot lot ON lot.id = use.lot_id
    JOIN loyalty_handover drew ON drew.id = lot.handover_id AND drew.kind = 'draw'
    JOIN loyalty_member giver ON giver.id = drew.giver_id
    WHERE spent.key IN (
        SELECT 'redemption:' || id FROM unnest(%(redemptions)s::bigint[]) AS asked (id)
        UNION ALL SELECT 'hold:' || hold_id FROM loyalty_redemption
        WHERE id = ANY(%(redemptions)s::bigint[]) AND hold_id IS NOT NULL
        UNION ALL SELECT 'hold:' || id FROM unnest(%(holds)s::bigint[]) AS asked (id))
"""


def lock_spender(member: Member, unit: Unit) -> int:
    """The member whose accounts this one spends from, locked, and its whole household with it.

    In one order for all, so that two of a household who spend at once wait for each other.
    """
    rules = rules_of(unit.program.household_rules)
    if rules is None:
        return lock_leader(member.pk)
    while True:
        leader_id = member.led_by_id or member.pk
        before = circles_of([leader_id], {leader_id: rules})
        lock_people({leader_id, *_leaders(before)})
        leader_id = lock_leader(member.pk)
        member.refresh_from_db(fields=["led_by"])
        after = circles_of([leader_id], {leader_id: rules})
        if _leaders(after) <= _leaders(before):
            return leader_id


def _leaders(circles: Mapping[int, Circle]) -> set[int]:
    return {place.leader_id for one in circles.values() for place in one.places}


def draw_from_household(
    member: Member, leader_id: int, unit: Unit, amount: int, *, cause: str, now: datetime
) -> None:
    """Bring what others' lots pay of an amount that a locked member is about to spend.

    Soonest expiring first over all of the household, one's own first where two end together.
    `Refused` where all together have too little; then nothing moves. Who owes draws nothing.
    """
    rules = rules_of(unit.program.household_rules)
    circle = circles_of([leader_id], {leader_id: rules}).get(leader_id) if rules else None
    if circle is None or not circle.givers:
        return
    if Account.objects.filter(member_id=leader_id, unit=unit, debt__gt=0).exists():
        return
    lots = [one for one in shared_lots([circle], now=now)[leader_id] if one.unit_id == unit.pk]
    uses = taken_from_household([one.shared for one in lots], amount)
    if (found := sum(use.amount for use in uses)) < amount:
        raise Refused("not_enough_points", f"only {found} can be spent now", "amount")
    taken = _by_giver({one.shared.id: one for one in lots}, uses, leader_id)
    if taken:
        _draw(member, unit, circle, taken, cause=cause, now=now)


def _by_giver(
    lots: Mapping[int, FoundLot], uses: Collection[Use], leader_id: int
) -> dict[int, list[Use]]:
    taken: dict[int, list[Use]] = defaultdict(list)
    for use in uses:
        if (giver_id := lots[use.lot_id].leader_id) != leader_id:
            taken[giver_id].append(use)
    return taken


def _draw(
    member: Member,
    unit: Unit,
    circle: Circle,
    taken: Mapping[int, list[Use]],
    *,
    cause: str,
    now: datetime,
) -> None:
    book, givers = book_of(unit.program), circle.givers
    customers = [givers[one].customer_id for one in taken]
    states = lock_members(book, [member.customer_id, *customers])
    taker = states[member.customer_id].purse
    made = Handover.objects.bulk_create(
        Handover(
            key=f"household:{cause}:{giver_id}",
            giver_id=givers[giver_id].member_id,
            taker=member,
            unit=unit,
            amount=sum(use.amount for use in uses),
            at=now,
            kind="draw",
            household_id=circle.household_id,
        )
        for giver_id, uses in taken.items()
    )
    movings = [
        Moving(one, states[givers[giver_id].customer_id].purse, taker, uses)
        for one, (giver_id, uses) in zip(made, taken.items(), strict=True)
    ]
    move_lots(book, movings, now=now)


def givers_behind(
    redemption_ids: Collection[int] = (), *, hold_ids: Collection[int] = ()
) -> dict[int, int]:
    """By leading member the record of each whose points these spent or held as another's.

    To be locked together with those who spent, before anything is given back; 1 statement.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            GIVERS, {"redemptions": int_array(redemption_ids), "holds": int_array(hold_ids)}
        )
        return dict(cursor.fetchall())


def return_draws(program: Program, account_ids: Collection[int], *, now: datetime) -> None:
    """Give what came back into drawn lots of these accounts back to whose it was, with its dates.

    What has died meanwhile stays and dies where it lies. Done again, nothing moves. One statement
    where nothing was drawn.
    """
    rows = _came_back(account_ids, now=now)
    if not rows:
        return
    book = book_of(program)
    drawn = Handover.objects.select_related("unit").in_bulk({row[2] for row in rows})
    backs = _back_before(drawn)
    states = lock_members(book, [customer for row in rows for customer in row[3:]])
    uses: dict[int, list[Use]] = defaultdict(list)
    sides: dict[int, tuple[int, int]] = {}
    for lot_id, remaining, drew_id, taker, giver in rows:
        uses[drew_id].append(Use(lot_id, remaining))
        sides[drew_id] = taker, giver
    made = Handover.objects.bulk_create(
        Handover(
            key=f"household:back:{id_}:{backs.get(id_, 0)}",
            giver_id=drawn[id_].taker_id,
            taker_id=drawn[id_].giver_id,
            unit=drawn[id_].unit,
            amount=sum(use.amount for use in taken),
            at=now,
            kind="back",
            household_id=drawn[id_].household_id,
        )
        for id_, taken in uses.items()
    )
    movings = [
        Moving(one, states[sides[id_][0]].purse, states[sides[id_][1]].purse, taken)
        for one, (id_, taken) in zip(made, uses.items(), strict=True)
    ]
    move_lots(book, movings, now=now)


def _came_back(account_ids: Collection[int], *, now: datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(CAME_BACK, {"accounts": int_array(account_ids), "now": now})
        return list(cursor.fetchall())


def _back_before(drawn: Collection[int]) -> dict[int, int]:
    """How often something of each of these draws came back before."""
    counts: dict[int, int] = defaultdict(int)
    prefixes = [f"household:back:{id_}:" for id_ in drawn]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT split_part(key, ':', 3)::bigint, count(*) FROM loyalty_handover"
            " WHERE key LIKE ANY(%s) GROUP BY 1",
            [[f"{prefix}%" for prefix in prefixes]],
        )
        counts.update(cursor.fetchall())
    return counts
