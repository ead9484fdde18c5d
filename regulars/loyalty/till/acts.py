"""What tills ask, done for a whole group at once; each answer is that of its request alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from django.db import transaction

from regulars.core.api.at_doors import problem_of
from regulars.core.doors import Answer
from regulars.core.errors import Conflict, NotFound, Refused
from regulars.core.sql import cursor_for, text_array
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput
from regulars.customers.actions.identities import known_owners
from regulars.customers.actions.purchases import void_purchases
from regulars.customers.actions.returns import Returned as RecordedReturn
from regulars.customers.actions.returns import record_returns
from regulars.customers.models import Purchase as PurchaseRow
from regulars.customers.rules.identities import normal_value
from regulars.customers.rules.purchases import BY_ID, ReturnInput, ReturnLineInput
from regulars.loyalty.actions import (
    Receipt,
    Taken,
    post_returns,
    redeem_points,
    reverse_purchases,
    take_purchases,
    undo_redemption,
)
from regulars.loyalty.actions.locking import lock_names
from regulars.loyalty.models import Accrual, Cancellation, Member, Redemption
from regulars.loyalty.queries.currencies import currency_here
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.till.shapes import (
    Balance,
    Cancel,
    Cancelled,
    Capped,
    Committed,
    Earned,
    Line,
    Paid,
    Purchase,
    Redeemed,
    Return,
    Returned,
    Who,
)

CREATED = 201
TILL = "till:"
"""Redemptions at the door are known by this, the source and number of their receipt, and a place."""

encoded = msgspec.json.encode


class _Numbered(NamedTuple):
    """A receipt by its name."""

    source: str
    number: str


def _wait_for(entries: Sequence[Purchase | Cancel]) -> None:
    """Have a receipt and its cancelling, at two tills at once, come one after the other."""
    lock_names("receipt", [f"{entry.source}\x1f{entry.number}" for entry in entries])


def commit(entries: Sequence[Purchase], *, now: datetime) -> list[Answer]:
    """Purchases on record and on the books; the number of statements does not grow with them."""
    _wait_for(entries)
    refusals = _refusals(entries)
    taken = iter(
        take_purchases(
            [_purchase(entry) for entry, no in zip(entries, refusals, strict=True) if no is None],
            now=now,
        )
    )
    return [
        problem_of(refused).answer() if refused else _committed(next(taken), ())
        for refused in refusals
    ]


def pay_and_commit(entries: Sequence[Purchase], *, now: datetime) -> list[Answer]:
    """Purchases that points pay a part of; one after the other, in the order of members' locks."""
    _wait_for(entries)
    refusals = _refusals(entries)
    payers = _payers(entries)
    answers: dict[int, Answer] = {}
    for place in sorted(range(len(entries)), key=lambda place: _lock_of(payers[place])):
        try:
            if (refused := refusals[place]) is not None:
                raise refused
            with transaction.atomic():
                answers[place] = _pay_and_commit(entries[place], payers[place], now=now)
        except Refused as error:
            answers[place] = problem_of(error).answer()
    return [answers[place] for place in range(len(entries))]


def _refusals(entries: Sequence[Purchase]) -> list[Refused | None]:
    cancelled, currency = _cancelled_among(entries), currency_here()
    return [_refusal(entry, currency, cancelled) for entry in entries]


def _refusal(
    entry: Purchase, currency: str, cancelled: Mapping[_Numbered, object]
) -> Refused | None:
    if _Numbered(entry.source, entry.number) in cancelled:
        return Conflict("cancelled", "this receipt was cancelled", "number")
    if entry.currency not in {None, currency}:
        return Refused("other_currency", f"this company sells in {currency}", "currency")
    if entry.redeem and entry.customer is None:
        return Refused("nobody_pays", "points are redeemed by a customer", "customer")
    return None


def _pay_and_commit(entry: Purchase, payers: Sequence[Member], *, now: datetime) -> Answer:
    """Points first, so that a purchase never pays for itself with what it earns."""
    redeemed = [
        redeem_points(
            _payer(payers, paid),
            paid.amount,
            key=f"{TILL}{entry.source}:{entry.number}:{place}",
            now=now,
            unit=paid.unit,
        )
        for place, paid in enumerate(entry.redeem)
    ]
    if sum(one.worth_minor for one in redeemed) > total_of(entry.lines, entry.discount_minor):
        raise Refused("pays_too_much", "the points are worth more than the purchase", "redeem")
    (taken,) = take_purchases([_purchase(entry)], now=now)
    if taken.refused is not None:
        raise taken.refused
    return _committed(taken, redeemed)


def _payer(payers: Sequence[Member], paid: Paid) -> Member:
    found = next((one for one in payers if paid.program in {"", one.program.code}), None)
    if found is None:
        raise NotFound("no_member", "the customer is no member of this program", "customer")
    return found


def _lock_of(payers: Sequence[Member]) -> int:
    return min((one.led_by_id or one.pk for one in payers), default=0)


def _payers(entries: Sequence[Purchase]) -> list[list[Member]]:
    """The memberships of each entry's customer, the oldest program first; two statements."""
    who = [_known_as(entry.customer) if entry.customer else None for entry in entries]
    owners = known_owners({one for one in who if one is not None})
    customers = [owners.get(one) if one is not None else None for one in who]
    rows = Member.objects.filter(customer__in={one for one in customers if one is not None})
    members = list(rows.select_related("program").order_by("program_id"))
    return [[one for one in members if one.customer_id == customer] for customer in customers]


def _known_as(who: Who) -> CustomerRef | None:
    if who.kind == BY_ID:
        return CustomerRef(BY_ID, who.value) if who.value.isdigit() else None
    value = normal_value(who.kind, who.value)
    return None if value is None else CustomerRef(who.kind, value)


def _committed(taken: Taken, redeemed: Sequence[Redemption]) -> Answer:
    if taken.refused is not None:
        return problem_of(taken.refused).answer()
    paid = [Redeemed(one.unit.code, one.amount, one.worth_minor) for one in redeemed]
    receipts = [earned_of(receipt) for receipt in taken.receipts]
    return Answer(CREATED, encoded(Committed(taken.purchase_id, receipts, paid)))


def take_back(entries: Sequence[Return], *, now: datetime) -> list[Answer]:
    """Returned goods on record, and their share of the points taken back."""
    returned = record_returns([_returned(entry) for entry in entries], now=now)
    post_returns(return_ids=[row.return_id for row in returned if row.refused is None], now=now)
    balances = _balances_of([row.purchase_id for row in returned if row.purchase_id], now=now)
    return [_back(row, balances) for row in returned]


def _back(row: RecordedReturn, balances: Mapping[int, list[Balance]]) -> Answer:
    if row.refused is not None:
        return problem_of(row.refused).answer()
    assert row.purchase_id is not None, "a recorded return has its purchase"
    held = balances.get(row.purchase_id, [])
    return Answer(CREATED, encoded(Returned(row.return_id, row.purchase_id, row.total_minor, held)))


def cancel(entries: Sequence[Cancel], *, now: datetime) -> list[Answer]:
    """Receipts off the books, with all that they earned and were paid with; those to come, refused."""
    _wait_for(entries)
    known = _cancelled_among(entries)
    ids = _purchases_of(entries)
    fresh = [one for one in map(_numbered, entries) if one not in known]
    Cancellation.objects.bulk_create(
        Cancellation(source=one.source, number=one.number, purchase_id=ids.get(one), at=now)
        for one in dict.fromkeys(fresh)
    )
    standing = [ids[one] for one in fresh if one in ids]
    # The points that paid come back first: they are what was there before the purchase.
    for redemption in _payments_of(fresh):
        undo_redemption(redemption, now=now, within=None)
    reverse_purchases(void_purchases(standing, now=now), "voided", now=now)
    off = {one: ids.get(one, known.get(one)) for one in map(_numbered, entries)}
    balances = _balances_of([id_ for id_ in off.values() if id_], now=now)
    return [
        Answer(CREATED, encoded(Cancelled(id_, balances.get(id_ or 0, []))))
        for id_ in (off[_numbered(entry)] for entry in entries)
    ]


def _balances_of(purchase_ids: Sequence[int], *, now: datetime) -> dict[int, list[Balance]]:
    """What the members of these purchases hold now, by purchase."""
    rows = Accrual.objects.filter(purchase__in=purchase_ids).values_list("purchase_id", "member_id")
    pairs = list(rows)
    members = Member.objects.filter(pk__in=[member for _purchase, member in pairs])
    held = {
        wallet.member.pk: [
            Balance(
                wallet.member.program.code,
                wallet.member.number,
                one.unit.code,
                one.balance,
                one.available,
            )
            for one in wallet.holdings
        ]
        for wallet in wallets_of(list(members.select_related("program", "tier")), now=now)
    }
    balances: dict[int, list[Balance]] = {}
    for purchase_id, member_id in pairs:
        balances.setdefault(purchase_id, []).extend(held.get(member_id, []))
    return balances


def _cancelled_among(entries: Sequence[Purchase | Cancel]) -> dict[_Numbered, int | None]:
    with cursor_for(len(entries)) as cursor:
        cursor.execute(
            """SELECT source, number, purchase_id FROM loyalty_cancellation
            WHERE (source, number) IN (SELECT * FROM unnest(%s::text[], %s::text[]))""",
            [text_array([e.source for e in entries]), text_array([e.number for e in entries])],
        )
        return {_Numbered(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _purchases_of(entries: Sequence[Cancel]) -> dict[_Numbered, int]:
    rows = PurchaseRow.objects.filter(
        voided_at=None,
        source__in={entry.source for entry in entries},
        number__in={entry.number for entry in entries},
    )
    return {_Numbered(row.source, row.number): row.pk for row in rows}


def _payments_of(receipts: Sequence[_Numbered]) -> list[Redemption]:
    """Redemptions that paid for these receipts, in the order in which members are locked."""
    keys = [f"{TILL}{one.source}:{one.number}:{n}" for one in receipts for n in range(10)]
    rows = Redemption.objects.filter(key__in=keys, undone_at=None)
    return list(rows.select_related("unit__program", "member").order_by("member_id", "id"))


def _numbered(entry: Purchase | Cancel) -> _Numbered:
    return _Numbered(entry.source, entry.number)


def total_of(lines: Sequence[Line], discount_minor: int) -> int:
    """What is to be paid, in minor units."""
    return sum(line.total_minor for line in lines) - discount_minor


def lines_of(lines: Sequence[Line]) -> tuple[LineInput, ...]:
    """Lines as they are recorded."""
    return tuple(
        [
            LineInput(line.sku, line.quantity_milli, line.total_minor, line.discount_minor)
            for line in lines
        ]
    )


def _purchase(entry: Purchase) -> PurchaseInput:
    who = entry.customer
    return PurchaseInput(
        source=entry.source,
        number=entry.number,
        customer=CustomerRef(who.kind, who.value) if who else None,
        store_code=entry.store or None,
        bought_at=entry.bought_at,
        lines=lines_of(entry.lines),
        discount_minor=entry.discount_minor,
        served_by=entry.served_by.strip() or None,
    )


def _returned(entry: Return) -> ReturnInput:
    return ReturnInput(
        source=entry.source,
        number=entry.number,
        purchase_source=entry.purchase_source,
        purchase_number=entry.purchase_number,
        returned_at=entry.returned_at,
        lines=tuple(
            ReturnLineInput(line.position, line.quantity_milli, line.total_minor)
            for line in entry.lines
        ),
        store_code=entry.store or None,
        reason=entry.reason,
    )


def earned_of(receipt: Receipt) -> Earned:
    """A receipt as tills see it."""
    return Earned(
        receipt.program,
        receipt.member,
        receipt.earned,
        receipt.balances,
        receipt.tier,
        receipt.next_tier,
        receipt.missing,
        receipt.payouts,
        [
            Capped(one.unit, one.before, one.amount, one.capped_by)
            for one in receipt.awards
            if one.capped_by
        ],
    )
