"""Taking points back: of goods that were returned, and of purchases that were undone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.events import PointsReversed
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.reversals import (
    Claim,
    Reversible,
    Settled,
    accruals_of,
    claims_of_returns,
    open_lots_of,
    settled_before,
)
from regulars.loyalty.rules.lots import Use, taken_in_order
from regulars.loyalty.rules.returns import TakenBack, due_back, within_balance


class _Back(NamedTuple):
    """What one claim takes back of one unit."""

    claim: Claim
    accrual: Reversible
    unit: str
    back: TakenBack


@transaction.atomic
def post_returns(*, return_ids: Sequence[int], now: datetime) -> list[int]:
    """Take back the points of returned goods in every program; gives the ids of the reversals.

    The share is of the points once given, within the balance; what is not covered is forgiven
    and recorded. A return that was posted before changes nothing.
    """
    claims = claims_of_returns(return_ids)
    return _take_back_everywhere(claims, now=now)


@transaction.atomic
def reverse_purchases(purchase_ids: Sequence[int], cause: str, *, now: datetime) -> list[int]:
    """Take back all points of purchases that are undone; gives the ids of the reversals.

    New transfers undo the old ones, nothing is deleted. Once a purchase is reversed, nothing more
    is taken. The number of statements does not depend on the number of purchases.
    """
    return _take_back_everywhere([Claim(bought, cause, 0, 0) for bought in purchase_ids], now=now)


def _take_back_everywhere(claims: Sequence[Claim], *, now: datetime) -> list[int]:
    reversals: list[int] = []
    for program in Program.objects.order_by("id"):
        reversals += _take_back(program, claims, now=now)
    return reversals


def _take_back(program: Program, claims: Sequence[Claim], *, now: datetime) -> list[int]:
    book = book_of(program)
    accruals = accruals_of(program, [claim.purchase_id for claim in claims])
    if not accruals:
        return []
    members = lock_members(book, {accrual.customer_id for accrual in accruals.values()})
    by_member = {member.id: member for member in members.values()}
    settled = settled_before([accrual.id for accrual in accruals.values()])
    movements, backs, voided = Movements(), list[_Back](), set[int]()
    for claim in claims:
        accrual = accruals.get(claim.purchase_id)
        if accrual is None or (accrual.id, claim.cause) in settled.causes:
            continue
        member = by_member[accrual.member_id]
        purse = member.purse
        backs += _settle(book, movements, purse, accrual=accrual, claim=claim, settled=settled)
        movements.climb(book, purse, cause=_key(accrual, claim), at=now)
        if claim.is_full and accrual.id not in settled.voided:
            settled.voided.add(accrual.id)
            voided.add(accrual.id)
            member.visits -= 1
    return _write(book, movements, backs, voided=voided, members=by_member, now=now)


def _settle(
    book: Book,
    movements: Movements,
    member: MemberState,
    *,
    accrual: Reversible,
    claim: Claim,
    settled: Settled,
) -> list[_Back]:
    """What a claim takes back of each unit that the accrual gave."""
    backs = []
    for code, earned in accrual.earned.items():
        before = settled.due.get((accrual.id, code), 0)
        due = due_back(
            earned,
            returned_minor=claim.returned_minor,
            total_minor=claim.total_minor,
            due_before=before,
        )
        if due <= 0:
            continue
        back = within_balance(due, member.balances[code])
        settled.due[accrual.id, code] = before + due
        backs.append(_Back(claim, accrual, code, back))
        if back.taken:
            movements.take_back(
                book,
                member,
                code,
                amount=back.taken,
                key=f"{_key(accrual, claim)}:{code}",
                at=claim.at or accrual.at,
                accrual_id=accrual.id,
            )
    return backs


def _key(accrual: Reversible, claim: Claim) -> str:
    return f"reversal:{accrual.id}:{claim.cause}"


def _write(
    book: Book,
    movements: Movements,
    backs: Sequence[_Back],
    *,
    voided: set[int],
    members: Mapping[int, MemberState],
    now: datetime,
) -> list[int]:
    if not backs and not voided:
        return []
    write_movements(book, movements, list(members.values()), now=now)
    _use_lots(book, backs, members=members, now=now)
    ids = _write_reversals(book, backs, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_accrual SET reversed_at = %s WHERE id = ANY(%s::bigint[])",
            [now, int_array(voided)],
        )
    publish(PointsReversed(program_id=book.program_id, reversal_ids=tuple(ids)))
    return ids


def _use_lots(
    book: Book, backs: Sequence[_Back], *, members: Mapping[int, MemberState], now: datetime
) -> None:
    """Take the amounts out of lots: those of the purchase itself first, then soonest expiring."""
    keys: list[str] = []
    uses: list[Use] = []
    accounts = [
        members[back.accrual.member_id].purse.accounts[back.unit]
        for back in backs
        if back.back.taken and book.units[back.unit].has_lots
    ]
    lots = open_lots_of(accounts)
    left = {lot.id: lot.remaining for held in lots.values() for lot in held}
    for back in backs:
        code = back.unit
        if not back.back.taken or not book.units[code].has_lots:
            continue
        held = lots[members[back.accrual.member_id].purse.accounts[code]]
        own_first = sorted(held, key=lambda lot: lot.accrual_id != back.accrual.id)
        taken = taken_in_order([(lot.id, left[lot.id]) for lot in own_first], back.back.taken)
        for use in taken:
            left[use.lot_id] -= use.amount
            keys.append(f"{_key(back.accrual, back.claim)}:{code}")
        uses += taken
    _write_uses(keys, uses)


def _write_uses(keys: Sequence[str], uses: Sequence[Use]) -> None:
    by_lot: dict[int, int] = defaultdict(int)
    for use in uses:
        by_lot[use.lot_id] += use.amount
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH uses AS (
                INSERT INTO loyalty_lotuse (lot_id, transfer_id, amount)
                SELECT given.lot_id, transfer.id, given.amount
                FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS given (key, lot_id, amount)
                JOIN loyalty_transfer transfer ON transfer.key = given.key
            )
            UPDATE loyalty_lot lot SET remaining = lot.remaining - given.amount
            FROM unnest(%s::bigint[], %s::bigint[]) AS given (id, amount) WHERE lot.id = given.id
            """,
            [
                text_array(keys),
                int_array([use.lot_id for use in uses]),
                int_array([use.amount for use in uses]),
                int_array(by_lot),
                int_array(by_lot.values()),
            ],
        )


def _write_reversals(book: Book, backs: Sequence[_Back], *, now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_reversal (accrual_id, unit_id, cause, due, taken, at)
            SELECT given.*, %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) given
            RETURNING id
            """,
            [
                now,
                int_array([back.accrual.id for back in backs]),
                int_array([book.units[back.unit].id for back in backs]),
                text_array([back.claim.cause for back in backs]),
                int_array([back.back.due for back in backs]),
                int_array([back.back.taken for back in backs]),
            ],
        )
        return [row[0] for row in cursor.fetchall()]
