"""Taking points back: of goods that were returned, and of purchases that were undone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction

from regulars.core.events import publish
from regulars.core.sql import int_array, text_array
from regulars.loyalty.actions.forgetting import forgotten, habits_of, memories_behind
from regulars.loyalty.actions.holding import free_overdue, overdue_of
from regulars.loyalty.actions.members import lock_members
from regulars.loyalty.actions.remembering import keep_memories
from regulars.loyalty.actions.restoring import Spending, restore_spent, spendings_on
from regulars.loyalty.actions.sharing import givers_behind
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.events import PointsReversed
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.reversals import (
    OF_PAYOUTS,
    Claim,
    LiveLot,
    Reversible,
    Settled,
    accruals_of,
    claims_of_returns,
    live_lots_of,
    programs_behind,
    settled_before,
)
from regulars.loyalty.rules.earning import EarnRule
from regulars.loyalty.rules.memory import Memory
from regulars.loyalty.rules.returns import Policy, Takeable, TakenBack, due_back, taken_back


class _Back(NamedTuple):
    """What one claim takes back of one unit."""

    claim: Claim
    accrual: Reversible
    unit: str
    back: TakenBack


@dataclass(slots=True)
class _Scene:
    """What a batch of claims looks at and changes while it is worked out."""

    book: Book
    members: dict[int, MemberState]
    settled: Settled
    lots: dict[int, list[LiveLot]]
    left: dict[int, int]
    policy: Policy
    movements: Movements = field(default_factory=Movements)
    backs: list[_Back] = field(default_factory=list)
    voided: set[int] = field(default_factory=set)
    habits: Mapping[int, list[EarnRule]] = field(default_factory=dict)
    memories: Mapping[int, Memory] = field(default_factory=dict)


@transaction.atomic
def post_returns(*, return_ids: Sequence[int], now: datetime) -> list[int]:
    """Take back the points of returned goods in every program; gives the ids of the reversals.

    Points that were spent on the goods come back first. The share that is taken is of the points
    once given, under the program's policy; what that does not cover is forgiven and recorded. A
    return that was posted before changes nothing.
    """
    return _take_back_everywhere(claims_of_returns(return_ids), now=now)


@transaction.atomic
def reverse_purchases(purchase_ids: Sequence[int], cause: str, *, now: datetime) -> list[int]:
    """Take back all points of purchases that are undone; gives the ids of the reversals.

    New transfers undo the old ones, nothing is deleted. Once a purchase is reversed, nothing more
    is taken. Where returns keep their points, undoing still takes what the balance covers. The
    number of statements does not depend on the number of purchases.
    """
    claims = [Claim(bought, cause, 0, 0) for bought in purchase_ids]
    return _take_back_everywhere(claims, now=now, is_undone=True)


def _take_back_everywhere(
    claims: Sequence[Claim], *, now: datetime, is_undone: bool = False
) -> list[int]:
    reversals: list[int] = []
    for program in programs_behind([claim.purchase_id for claim in claims]):
        reversals += _take_back(program, claims, now=now, is_undone=is_undone)
    return reversals


def _take_back(
    program: Program, claims: Sequence[Claim], *, now: datetime, is_undone: bool
) -> list[int]:
    bought = [claim.purchase_id for claim in claims]
    accruals, spendings = accruals_of(program, bought), spendings_on(program, bought)
    if not accruals and not spendings:
        return []
    book = book_of(program)
    customers = {one.customer_id for one in accruals.values()}
    customers |= {one.customer_id for one in spendings}
    overdue = overdue_of(program, customers, now=now)
    members = _locked(book, customers, spendings, overdue=overdue)
    holders = [one for one in members.values() if one.customer_id in customers]
    freed = overdue and _free_overdue(holders, now=now)
    restored = spendings and restore_spent(book, claims, program=program, now=now)
    if freed or restored:
        members = _locked(book, customers, spendings)
    scene = _scene_of(book, accruals, members, now=now, is_undone=is_undone)
    for claim in claims:
        accrual = accruals.get(claim.purchase_id)
        if accrual is not None and (accrual.id, claim.cause) not in scene.settled.causes:
            _settle(scene, accrual, claim, now=now)
    return _write(scene, now=now)


def _locked(
    book: Book,
    customer_ids: Collection[int],
    spendings: Sequence[Spending],
    *,
    overdue: Collection[int] = (),
) -> dict[int, MemberState]:
    customers = set(customer_ids)
    if spendings or overdue:
        spent = [one.id for one in spendings]
        customers |= set(givers_behind(spent, hold_ids=overdue).values())
    return {member.id: member for member in lock_members(book, customers).values()}


def _free_overdue(members: Collection[MemberState], *, now: datetime) -> int:
    """Free what the clock has freed already: it pays for what came back, as in any lot."""
    accounts = {one for member in members for one in member.purse.accounts.values()}
    return free_overdue(list(accounts), now=now)


def _scene_of(
    book: Book,
    accruals: Mapping[int, Reversible],
    members: dict[int, MemberState],
    *,
    now: datetime,
    is_undone: bool,
) -> _Scene:
    accounts = {
        members[accrual.member_id].purse.accounts[code]
        for accrual in accruals.values()
        for code in accrual.earned
        if book.units[code].has_lots
    }
    habits = habits_of(book, accruals.values())
    accounts |= {
        members[accrual.member_id].purse.accounts[rule.mechanic.unit]
        for accrual in accruals.values()
        for rule in habits.get(accrual.id, ())
        if rule.mechanic.pays_apart
    }
    lots = live_lots_of(accounts, now=now)
    policy = book.terms.returns
    return _Scene(
        book,
        members,
        settled_before([accrual.id for accrual in accruals.values()], now=now),
        lots,
        {lot.id: lot.remaining for held in lots.values() for lot in held},
        "within_balance" if is_undone and policy == "keep" else policy,
        habits=habits,
        memories=memories_behind(accruals.values(), members) if habits else {},
    )


def _settle(scene: _Scene, accrual: Reversible, claim: Claim, *, now: datetime) -> None:
    """Work out what a claim takes back of each unit that the accrual gave."""
    member = scene.members[accrual.member_id]
    for code, earned in accrual.earned.items():
        before = scene.settled.due.get((accrual.id, code), 0)
        due = due_back(
            earned,
            returned_minor=claim.returned_minor,
            total_minor=claim.total_minor,
            due_before=before,
        )
        if due > 0:
            scene.settled.due[accrual.id, code] = before + due
            _take(scene, _Back(claim, accrual, code, TakenBack(due)), member.purse)
    if rules := scene.habits.get(accrual.id):
        paid = forgotten(rules, scene.memories[accrual.member_id], accrual, claim)
        for (rule_id, code), amount in paid.items():
            apart = claim._replace(cause=f"{claim.cause}{OF_PAYOUTS}:{rule_id}")
            _take(scene, _Back(apart, accrual, code, TakenBack(amount)), member.purse)
    scene.movements.climb(scene.book, member.purse, cause=_key(accrual, claim), at=now)
    if claim.is_full and accrual.id not in scene.settled.voided:
        scene.settled.voided.add(accrual.id)
        scene.voided.add(accrual.id)
        member.visits -= 1


def _take(scene: _Scene, asked: _Back, purse: MemberState) -> None:
    """Take what is due of one unit, as far as the program's policy goes."""
    claim, accrual, code, (due, *_) = asked
    if scene.book.units[code].has_lots:
        back = _taken_from_lots(scene, accrual, code, due=due, purse=purse)
    else:
        balance = 0 if scene.policy == "keep" else purse.balances[code]
        back = TakenBack(due, owed=min(due, balance))
    scene.backs.append(asked._replace(back=back))
    if back.taken:
        scene.movements.take_back(
            scene.book,
            purse,
            code,
            back=back,
            key=f"{_key(accrual, claim)}:{code}",
            at=claim.at or accrual.at,
            accrual_id=accrual.id,
        )


def _taken_from_lots(
    scene: _Scene, accrual: Reversible, code: str, *, due: int, purse: MemberState
) -> TakenBack:
    lots = [
        Takeable(lot.id, scene.left[lot.id], lot.accrual_id == accrual.id, lot.is_pending)
        for lot in scene.lots.get(purse.accounts[code], ())
    ]
    expired = scene.settled.expired.get((accrual.id, code), 0)
    back = taken_back(
        due,
        lots,
        scene.policy,
        debt=purse.debts.get(code, 0),
        debt_max=scene.book.terms.debt_max,
        expired=expired,
    )
    scene.settled.expired[accrual.id, code] = expired - back.expired
    for use in back.uses:
        scene.left[use.lot_id] -= use.amount
    return back


def _key(accrual: Reversible, claim: Claim) -> str:
    return f"reversal:{accrual.id}:{claim.cause}"


def _write(scene: _Scene, *, now: datetime) -> list[int]:
    """Put it all on the books; tiers are judged last, by what is then on record."""
    keep_memories(scene.memories)
    if not (scene.backs or scene.voided or scene.movements.unjudged):
        return []
    ids = _write_reversals(scene.book, scene.backs, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_accrual SET reversed_at = %s WHERE id = ANY(%s::bigint[])",
            [now, int_array(scene.voided)],
        )
    write_movements(scene.book, scene.movements, list(scene.members.values()), now=now)
    publish(PointsReversed(program_id=scene.book.program_id, reversal_ids=tuple(ids)))
    return ids


def _write_reversals(book: Book, backs: Sequence[_Back], *, now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_reversal (accrual_id, unit_id, cause, due, taken, expired, at)
            SELECT given.*, %s::timestamptz
            FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[],
                %s::bigint[]) given
            RETURNING id
            """,
            [
                now,
                int_array([back.accrual.id for back in backs]),
                int_array([book.units[back.unit].id for back in backs]),
                text_array([back.claim.cause for back in backs]),
                int_array([back.back.due for back in backs]),
                int_array([back.back.taken for back in backs]),
                int_array([back.back.expired for back in backs]),
            ],
        )
        return [row[0] for row in cursor.fetchall()]
