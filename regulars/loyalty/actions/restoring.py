"""Giving spent points back: into the lots they came from, for goods that came back or an undo."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.grouping import settle_what_came_back
from regulars.loyalty.actions.sharing import return_draws
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book
from regulars.loyalty.queries.reversals import Claim
from regulars.loyalty.queries.spendings import (
    Spending,
    concerned_by,
    debts_of,
    restored_before,
    spendings_on,
    uses_of,
)
from regulars.loyalty.rules.returns import GivenBack, due_back, given_back

__all__ = ["Giving", "Spending", "give_back", "restore_spent", "spendings_on"]


class Giving(NamedTuple):
    """What comes back of one redemption or hold; the key names the transfer."""

    spending: Spending
    key: str
    cause: str
    backs: list[GivenBack]
    is_hold: bool = False

    @property
    def amount(self) -> int:
        """All that comes back."""
        return sum([back.amount for back in self.backs])

    @property
    def dead(self) -> int:
        """The part whose lots have expired meanwhile."""
        return sum([back.amount for back in self.backs if back.is_dead])


def restore_spent(book: Book, claims: Sequence[Claim], *, program: Program, now: datetime) -> bool:
    """Give back what was spent on goods that came back; says whether anything did.

    The share is that of the returned value, counted over all returns together. Ask with the
    members locked; where cards were merged or parted since, the points go to whose they are.
    """
    spendings = spendings_on(program, [claim.purchase_id for claim in claims])
    givings = _givings(spendings, claims, now=now)
    if not givings:
        return False
    give_back(givings, now=now)
    fresh = _reinstate(book, givings, now=now) if book.terms.reinstates else {}
    _write_restorations(givings, fresh, now=now)
    return_draws(program, {giving.spending.account_id for giving in givings}, now=now)
    ids = [giving.spending.id for giving in givings]
    cause = f"merging:{givings[0].cause}:{ids[0]}"
    settle_what_came_back(program, concerned_by(ids), cause=cause, now=now)
    return True


def _givings(
    spendings: Sequence[Spending], claims: Sequence[Claim], *, now: datetime
) -> list[Giving]:
    ids = [one.id for one in spendings]
    uses, before = uses_of(ids, now=now), restored_before(ids)
    restored = dict(before.amounts)
    debts = debts_of({one.account_id for one in spendings})
    givings = []
    for claim in claims:
        for one in spendings:
            if one.purchase_id != claim.purchase_id or (one.id, claim.cause) in before.causes:
                continue
            known = restored.get(one.id, 0)
            due = due_back(
                one.amount,
                returned_minor=claim.returned_minor,
                total_minor=claim.total_minor,
                due_before=known,
            )
            if due > 0:
                backs = given_back(uses[one.id], due, before=known, debt=debts[one.account_id])
                debts[one.account_id] -= sum([back.repaid for back in backs])
                restored[one.id] = known + due
                key = f"restoration:{one.id}:{claim.cause}"
                givings.append(Giving(one, key, claim.cause, backs))
    return givings


GIVE_BACK = """
    WITH given AS (
        SELECT nextval('loyalty_transfer_id_seq') AS id, given.* FROM unnest(%(keys)s::text[],
            %(redemptions)s::bigint[], %(pots)s::bigint[], %(accounts)s::bigint[],
            %(amounts)s::bigint[], %(repaid)s::bigint[])
            AS given (key, redemption_id, pot_id, account_id, amount, repaid)
    ), transfers AS (
        INSERT INTO loyalty_transfer
            (id, key, source_id, target_id, amount, redemption_id, at, recorded_at)
        SELECT id, key, pot_id, account_id, amount, redemption_id, %(now)s, %(now)s FROM given
    ), parts AS (
        SELECT given.id, part.lot_id, part.amount FROM unnest(%(part_keys)s::text[],
            %(lots)s::bigint[], %(parts)s::bigint[]) AS part (key, lot_id, amount)
        JOIN given ON given.key = part.key
    ), uses AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT lot_id, id, -amount FROM parts
    ), filled AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining + part.amount
        FROM (SELECT lot_id, sum(amount) AS amount FROM parts GROUP BY lot_id) part
        WHERE lot.id = part.lot_id
    )
    UPDATE loyalty_account account
    SET balance = account.balance + sums.amount, debt = account.debt - sums.repaid
    FROM (SELECT account_id, sum(amount) AS amount, sum(repaid) AS repaid FROM given GROUP BY 1)
        sums
    WHERE account.id = sums.account_id
"""


def give_back(givings: Sequence[Giving], *, now: datetime) -> None:
    """Put points back into their lots, with transfers and balances; 1 statement.

    What pays a debt does not reach its lot.
    """
    parts = [
        (giving.key, back.lot_id, back.amount - back.repaid)
        for giving in givings
        for back in giving.backs
        if back.amount > back.repaid
    ]
    repaid = [sum([back.repaid for back in giving.backs]) for giving in givings]
    with connection.cursor() as cursor:
        cursor.execute(
            GIVE_BACK,
            {
                "keys": text_array([giving.key for giving in givings]),
                "redemptions": int_array(
                    [None if giving.is_hold else giving.spending.id for giving in givings]
                ),
                "pots": int_array([giving.spending.pot_id for giving in givings]),
                "accounts": int_array([giving.spending.account_id for giving in givings]),
                "amounts": int_array([giving.amount for giving in givings]),
                "repaid": int_array(repaid),
                "part_keys": text_array([key for key, _, _ in parts]),
                "lots": int_array([lot_id for _, lot_id, _ in parts]),
                "parts": int_array([amount for _, _, amount in parts]),
                "now": now,
            },
        )


@dataclass
class _Fresh:
    """Dead points that get a fresh life: they expire in their lots, and are granted anew."""

    keys: list[str] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    pots: list[int] = field(default_factory=list)
    lots: list[int | None] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)
    repaid: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


REINSTATE = """
    WITH given AS (
        SELECT nextval('loyalty_transfer_id_seq') AS out_id,
            nextval('loyalty_transfer_id_seq') AS in_id, given.*
        FROM unnest(%(keys)s::text[], %(accounts)s::bigint[], %(pots)s::bigint[],
            %(lots)s::bigint[], %(amounts)s::bigint[], %(repaid)s::bigint[], %(ends)s::text[])
            AS given (key, account_id, pot_id, lot_id, amount, repaid, ends)
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, key, source_id, target_id, amount, at, recorded_at)
        SELECT out_id, 'expiry:' || key, account_id, pot_id, amount, %(now)s::timestamptz,
            %(now)s::timestamptz FROM given
        UNION ALL SELECT in_id, 'reinstating:' || key, pot_id, account_id, amount, %(now)s, %(now)s
        FROM given
    ), dead AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT lot_id, out_id, amount FROM given
    ), emptied AS (
        UPDATE loyalty_lot lot SET remaining = lot.remaining - given.amount
        FROM (SELECT lot_id, sum(amount) AS amount FROM given GROUP BY 1) given
        WHERE lot.id = given.lot_id
    ), granted AS (
        INSERT INTO loyalty_lot
            (id, account_id, granted, remaining, activates_at, expires_at)
        SELECT in_id, account_id, amount, amount - repaid, %(now)s,
            CASE WHEN ends <> 'never' THEN ends::timestamptz END
        FROM given RETURNING id, granted - remaining AS repaid
    ), paid AS (
        INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
        SELECT id, id, repaid FROM granted WHERE repaid > 0
    )
    UPDATE loyalty_account account SET debt = account.debt - sums.repaid
    FROM (SELECT account_id, sum(repaid) AS repaid FROM given GROUP BY 1) sums
    WHERE account.id = sums.account_id AND sums.repaid > 0
"""


def _reinstate(book: Book, givings: Sequence[Giving], *, now: datetime) -> dict[str, int]:
    """Give dead points a fresh life, counted from now; gives the amounts by key of the giving."""
    units = {unit.id: unit for unit in book.units.values()}
    debts = debts_of({giving.spending.account_id for giving in givings})
    fresh = _Fresh()
    for giving in givings:
        unit, account = units[giving.spending.unit_id], giving.spending.account_id
        for place, back in enumerate(back for back in giving.backs if back.is_dead):
            fresh.keys.append(f"{giving.key}:{place}")
            fresh.accounts.append(account)
            fresh.pots.append(unit.pots["expired"])
            fresh.lots.append(back.lot_id)
            fresh.amounts.append(back.amount)
            fresh.repaid.append(min(debts[account], back.amount))
            debts[account] -= fresh.repaid[-1]
            fresh.ends.append(book.life_of(unit, now))
    if not fresh.keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            REINSTATE,
            {
                "keys": text_array(fresh.keys),
                "accounts": int_array(fresh.accounts),
                "pots": int_array(fresh.pots),
                "lots": int_array(fresh.lots),
                "amounts": int_array(fresh.amounts),
                "repaid": int_array(fresh.repaid),
                "ends": text_array(fresh.ends),
                "now": now,
            },
        )
    return {giving.key: giving.dead for giving in givings}


def _write_restorations(
    givings: Collection[Giving], fresh: Mapping[str, int], *, now: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_restoration (redemption_id, cause, amount, dead, reinstated, at)
            SELECT given.*, %s::timestamptz FROM unnest(%s::bigint[], %s::text[], %s::bigint[],
                %s::bigint[], %s::bigint[]) given
            """,
            [
                now,
                int_array([giving.spending.id for giving in givings]),
                text_array([giving.cause for giving in givings]),
                int_array([giving.amount for giving in givings]),
                int_array([giving.dead for giving in givings]),
                int_array([fresh.get(giving.key, 0) for giving in givings]),
            ],
        )
