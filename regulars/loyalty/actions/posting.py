"""Posting purchases: from a batch of sales to points on the books, exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from regulars.core.errors import Refused
from regulars.core.events import publish, together
from regulars.core.sql import check_references, cursor_for, int_array, text_array, unawaited
from regulars.customers.actions import PurchaseInput, Recorded, record_purchases
from regulars.loyalty.actions.members import (
    enrol_members,
    lock_members,
    mates_of_members,
    member_ids_of,
)
from regulars.loyalty.actions.prolonging import prolong_points
from regulars.loyalty.actions.referring import reward_referral
from regulars.loyalty.actions.remembering import facts_of, keep_facts
from regulars.loyalty.actions.tiering import Span, climbs_for
from regulars.loyalty.actions.writing import MemberState, Movements, write_movements
from regulars.loyalty.events import PointsPosted
from regulars.loyalty.models import Program
from regulars.loyalty.queries.books import Book, book_of, open_programs
from regulars.loyalty.queries.receipts import receipts_of
from regulars.loyalty.queries.referrals import referrers_of
from regulars.loyalty.queries.standings import Facts, span_of
from regulars.loyalty.rules.receipts import Awarded, Receipt, written
from regulars.loyalty.rules.sales import Sale, SaleLine, Tender


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one purchase of a batch: on record, and on the books of each program.

    `receipts` is empty for those who belong to no program. A refused purchase changed nothing.
    """

    purchase_id: int
    created: bool
    receipts: tuple[Receipt, ...] = ()
    refused: Refused | None = None


@transaction.atomic(savepoint=False)
def take_purchases(
    inputs: Sequence[PurchaseInput], *, now: datetime, work_id: int | None = None
) -> list[Taken]:
    """Put purchases on record and on the books of every open program, in the order given.

    A till that missed our answer sends its purchase again and gets the same answer. What is wrong
    with one purchase does not touch the others.
    """
    with together():
        recorded = record_purchases(inputs, now=now, work_id=work_id)
        sales = [
            sale_from(entry, row)
            for entry, row in zip(inputs, recorded, strict=True)
            if row.customer_id is not None and row.refused is None
        ]
        receipts = _receipts_in_all(sales, now=now)
    return [
        Taken(row.purchase_id, row.created, receipts.get(row.purchase_id, ()), row.refused)
        for row in recorded
    ]


def _receipts_in_all(sales: Sequence[Sale], *, now: datetime) -> dict[int, tuple[Receipt, ...]]:
    """What every open program gives for sales, by purchase, in the order of programs."""
    receipts: dict[int, tuple[Receipt, ...]] = {}
    for program in open_programs():
        for receipt in post_purchases(program=program, purchases=sales, now=now):
            given = receipts.get(receipt.purchase_id, ())
            if receipt not in given:
                receipts[receipt.purchase_id] = (*given, receipt)
    return receipts


def sale_from(entry: PurchaseInput, row: Recorded) -> Sale:
    """The sale as the rules see it, from what a till said and what became of it."""
    assert row.customer_id is not None
    lines = [
        SaleLine(line[0], product.category if product else "", line[1], line[2], line[3])
        for line, product in zip(entry.lines, row.products, strict=True)
    ]
    total = sum([line[2] for line in entry.lines]) - entry.discount_minor
    discount = sum([line[3] for line in entry.lines]) + entry.discount_minor
    return Sale(
        row.purchase_id,
        row.customer_id,
        entry.bought_at,
        total,
        discount,
        tuple(lines),
        entry.store_code or "",
        tenders=tuple([Tender(*one) for one in entry.tenders]) if entry.tenders else (),
    )


@transaction.atomic(savepoint=False)
def post_purchases(*, program: Program, purchases: Sequence[Sale], now: datetime) -> list[Receipt]:
    """Put purchases on the books exactly once, and say what each till prints.

    Purchases of customers who are not members, and need not become any, have no receipt. A
    purchase that is on the books already gets the receipt of the first time. The number of
    statements does not depend on the size of the batch, and members are locked in the order of
    their ids, so concurrent batches cannot deadlock.
    """
    if not purchases:
        return []
    book = book_of(program)
    joined = _enrol_if_everyone(program, purchases, now=now)
    referrers = referrers_in(book, purchases)
    members = lock_members(book, joined | {referrers[one] for one in joined if one in referrers})
    sales = [sale for sale in purchases if sale.customer_id in members]
    receipts = receipts_of(program, [sale.purchase_id for sale in sales])
    fresh = {sale.purchase_id: sale for sale in sales if sale.purchase_id not in receipts}
    if fresh:
        receipts |= _post(book, list(fresh.values()), members, referrers=referrers, now=now)
    return [receipts[sale.purchase_id] for sale in sales]


def _enrol_if_everyone(program: Program, purchases: Sequence[Sale], *, now: datetime) -> set[int]:
    """The customers that are members once this is done.

    A record of a person who is a member becomes one too, so that its purchase counts for them.
    Nobody is locked before everybody is enrolled: a lock held while inserting a member could wait
    for a batch that waits for us.
    """
    customers = {sale.customer_id for sale in purchases}
    strangers = customers - member_ids_of(program, customers).keys()
    if strangers and program.enrols != "everyone":
        strangers = mates_of_members(program, strangers)
    if strangers:
        joining: dict[int, datetime] = {}
        for sale in purchases:
            if sale.customer_id in strangers:
                known = joining.get(sale.customer_id, sale.at)
                joining[sale.customer_id] = min(known, sale.at)
        enrol_members(program=program, joining=joining, now=now)
    return customers


def _post(
    book: Book,
    sales: list[Sale],
    members: Mapping[int, MemberState],
    *,
    referrers: Mapping[int, int],
    now: datetime,
) -> dict[int, Receipt]:
    """Compute the awards in the order of time, and write everything.

    That no purchase is posted twice is held by the lock of its member; should a purchase change
    hands in between, the unique constraint refuses the whole batch.
    """
    sales.sort(key=lambda sale: (sale.at, sale.purchase_id))
    ids = _next_accrual_ids(len(sales))
    facts = facts_of(book, sales, members, referrers)
    climbs = climbs_for(book, _spans(sales, members))
    with unawaited():
        check_references()
        movements = Movements(climbs=climbs)
        receipts = [
            _earn(book, movements, members, sale=sale, accrual_id=accrual_id, facts=facts)
            for accrual_id, sale in zip(ids, sales, strict=True)
        ]
        _write_accruals(book, ids, sales, members=members, receipts=receipts, now=now)
        write_movements(book, movements, _touched(sales, members, referrers), now=now)
    if book.rolling:
        prolong_points(_prolonged(book, sales, members), now=now)
    if facts is not None:
        keep_facts(facts)
    publish(PointsPosted(program_id=book.program_id, accrual_ids=tuple(ids)))
    return {receipt.purchase_id: receipt for receipt in receipts}


def _earn(
    book: Book,
    movements: Movements,
    members: Mapping[int, MemberState],
    *,
    sale: Sale,
    accrual_id: int,
    facts: Facts | None,
) -> Receipt:
    member = members[sale.customer_id]
    purse = member.purse
    movements.see(purse, at=sale.at)
    standing = purse.standing(book.qualifying)
    if facts is not None:
        standing = facts.added_to(standing, customer_id=sale.customer_id, member_id=member.id)
    awarded = book.history.at(sale.at).earn(sale, standing)
    if facts is not None and (brought_by := facts.referrers.get(sale.customer_id)):
        awarded = awarded + reward_referral(
            book,
            movements,
            member,
            members[brought_by],
            sale=sale,
            at=sale.at,
            cause=f"{accrual_id}:referrer",
            facts=facts,
        )
    earned = [one for one in awarded if one.amount and not one.rule.mechanic.pays_apart]
    apart = [one for one in awarded if one.amount and one.rule.mechanic.pays_apart]
    member.visits += 1
    by_unit = movements.grant(
        book, purse, earned, cause=f"accrual:{accrual_id}", at=sale.at, accrual_id=accrual_id
    )
    payouts = movements.grant(book, purse, apart, cause=f"payout:{accrual_id}", at=sale.at)
    movements.follow(purse, sale, by_unit, cause=f"accrual:{accrual_id}")
    way = movements.way_to_next(book, purse)
    return Receipt(
        sale.purchase_id,
        book.code,
        member.number,
        by_unit,
        purse.balances.copy(),
        purse.tier,
        way.tier if way else "",
        way.missing if way else 0,
        payouts,
        tuple([Awarded(one[0].id, *one[1:]) for one in awarded]),
    )


def _touched(
    sales: Sequence[Sale], members: Mapping[int, MemberState], referrers: Mapping[int, int]
) -> list[MemberState]:
    """Who has bought, who brought them, and who leads any of these, each once."""
    customers = {sale.customer_id for sale in sales}
    brought_by = {referrers[one] for one in customers if one in referrers}
    touched = {members[one].id: members[one] for one in customers | brought_by}
    touched |= {one.leader.id: one.leader for one in touched.values() if one.leader}
    return list(touched.values())


def _prolonged(
    book: Book, sales: Sequence[Sale], members: Mapping[int, MemberState]
) -> dict[int, datetime]:
    """By account, up to when sales have points live; the latest end holds."""
    ends: dict[int, datetime] = {}
    for sale in sales:
        for unit in book.rolling:
            account = members[sale.customer_id].purse.accounts[unit.code]
            if end := book.prolongs_to(unit, sale.at):
                ends[account] = max(end, ends.get(account, end))
    return ends


def referrers_in(book: Book, sales: Sequence[Sale]) -> dict[int, int]:
    """Who brought the customers of these sales, where a rule in force asks for it."""
    if "referral" not in book.history.needs(*span_of(sales)):
        return {}
    return referrers_of(book.program_id, {sale.customer_id for sale in sales})


def _spans(sales: Sequence[Sale], members: Mapping[int, MemberState]) -> dict[int, Span]:
    """The first and the last moment of the sales of each leading member; they come in order."""
    spans: dict[int, Span] = {}
    for sale in sales:
        lead = members[sale.customer_id].purse.id
        spans[lead] = (spans[lead][0] if lead in spans else sale.at, sale.at)
    return spans


def _next_accrual_ids(count: int) -> list[int]:
    with cursor_for(count) as cursor:
        cursor.execute(
            "SELECT nextval('loyalty_accrual_id_seq') FROM generate_series(1, %s)",
            [count],
        )
        return [row[0] for row in cursor.fetchall()]


def _write_accruals(
    book: Book,
    ids: Sequence[int],
    sales: Sequence[Sale],
    *,
    members: Mapping[int, MemberState],
    receipts: Sequence[Receipt],
    now: datetime,
) -> None:
    ats: list[str | None] = [sale.at.isoformat() for sale in sales]
    waits = book.terms.is_patient
    active_from = [book.activation_of(sale.at) for sale in sales] if waits else ats
    with cursor_for(len(ids)) as cursor:
        cursor.execute(
            """
            INSERT INTO loyalty_accrual
                (id, program_id, purchase_id, member_id, at, posted_at, active_from, receipt)
            SELECT id, %s, purchase_id, member_id, at, %s::timestamptz, active_from, receipt
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[],
                %s::timestamptz[], %s::jsonb[])
                AS given (id, purchase_id, member_id, at, active_from, receipt)
            """,
            [
                book.program_id,
                now,
                int_array(ids),
                int_array([sale.purchase_id for sale in sales]),
                int_array([members[sale.customer_id].id for sale in sales]),
                text_array(ats),
                text_array(active_from),
                text_array([written(receipt) for receipt in receipts]),
            ],
        )
