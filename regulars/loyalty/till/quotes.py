"""Quotes: what a basket would earn and what may pay for it, without anything written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

import msgspec
from django.db import transaction
from msgspec.structs import replace

from regulars.core.api.at_doors import problem_of
from regulars.core.doors import Answer
from regulars.core.errors import Refused
from regulars.customers.actions import CustomerRef, PurchaseInput
from regulars.loyalty.actions import Taken, take_purchases
from regulars.loyalty.models import Member, Unit
from regulars.loyalty.queries.currencies import currency_here
from regulars.loyalty.queries.rooms import rooms_of
from regulars.loyalty.queries.wallets import wallets_of
from regulars.loyalty.rules.guarding import Room
from regulars.loyalty.till.acts import earned_of, lines_of, total_of
from regulars.loyalty.till.shapes import Basket, Quoted, Redeemable


def quoted(baskets: Sequence[Basket], *, now: datetime) -> list[Answer]:
    """What each basket would earn and what may pay for it, by doing it and taking it back.

    A quote runs through the very code that commits, in a transaction that is rolled back, so it
    can never say anything else than the till will get.
    """
    currency = currency_here()
    with transaction.atomic():
        wrong = [one.currency not in {None, currency} for one in baskets]
        inputs = [_basket(one, now) for one in baskets]
        taken = take_purchases(inputs, now=now)
        numbers = [receipt.member for one in taken for receipt in one.receipts]
        redeemable = _redeemable(numbers, taken, now=now)
        transaction.set_rollback(True)
    other = Refused("other_currency", f"this company sells in {currency}", "currency")
    return [
        problem_of(one.refused or other).answer()
        if one.refused is not None or bad
        else Answer(200, msgspec.json.encode(_quoted(basket, one, redeemable)))
        for basket, one, bad in zip(baskets, taken, wrong, strict=True)
    ]


def _quoted(basket: Basket, taken: Taken, redeemable: Mapping[str, list[Redeemable]]) -> Quoted:
    total = total_of(basket.lines, basket.discount_minor)
    offers = [
        _within(offer, total)
        for member in dict.fromkeys(receipt.member for receipt in taken.receipts)
        for offer in redeemable.get(member, ())
    ]
    return Quoted(total, [earned_of(receipt) for receipt in taken.receipts], offers)


def _within(offer: Redeemable, total_minor: int) -> Redeemable:
    """The offer, with no more points than the basket costs."""
    if offer.worth_minor <= total_minor:
        return offer
    amount = offer.amount_max * total_minor // offer.worth_minor
    worth = offer.worth_minor * amount // offer.amount_max
    needs_code = offer.code_from is not None and amount >= offer.code_from
    return replace(
        offer,
        amount_max=amount,
        worth_minor=worth,
        limit="",
        code_from=offer.code_from if needs_code else None,
    )


def _redeemable(
    numbers: Sequence[str], taken: Sequence[Taken], *, now: datetime
) -> dict[str, list[Redeemable]]:
    """What members may spend, without what the quoted purchase itself would give."""
    rows = Member.objects.filter(number__in=numbers).select_related("program", "tier")
    gained: dict[tuple[str, str], int] = {}
    for one in taken:
        for receipt in one.receipts:
            for code, amount in receipt.earned.items():
                key = receipt.member, code
                gained[key] = gained.get(key, 0) + amount
    wallets = wallets_of(list(rows), now=now)
    rooms = rooms_of(wallets, now=now)
    offers: dict[str, list[Redeemable]] = {}
    for wallet in wallets:
        for holding in wallet.holdings:
            unit, number = holding.unit, wallet.member.number
            available = max(holding.spendable - gained.get((number, unit.code), 0), 0)
            if unit.kind != "qualifying" and unit.worth_of(available):
                offer = _offer(wallet.member, unit, available, rooms[wallet.member.pk, unit.pk])
                offers.setdefault(number, []).append(offer)
    return offers


def _offer(member: Member, unit: Unit, available: int, room: Room) -> Redeemable:
    """What may be spent of a unit, whatever the basket costs; the till is told what keeps it down."""
    amount = available if room.most is None else min(available, room.most)
    needs_code = room.code_from is not None and amount >= room.code_from
    return Redeemable(
        member.program.code,
        member.number,
        unit.code,
        available,
        amount,
        unit.worth_of(amount),
        room.limit if amount < available else "",
        room.code_from if needs_code else None,
    )


def _basket(basket: Basket, now: datetime) -> PurchaseInput:
    return PurchaseInput(
        source="quote",
        number=uuid4().hex,
        customer=CustomerRef(basket.customer.kind, basket.customer.value),
        store_code=basket.store or None,
        bought_at=basket.at or now,
        lines=lines_of(basket.lines),
        discount_minor=basket.discount_minor,
    )
