"""A purchase at the till with codes, gift cards and vouchers: finished as a whole, undone as a whole."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from regulars.core.errors import NotFound, Refused
from regulars.customers.actions import CustomerRef, LineInput, PurchaseInput, void_purchases
from regulars.customers.models import Purchase
from regulars.customers.rules.purchases import TenderInput
from regulars.loyalty.actions.locking import lock_names
from regulars.loyalty.actions.paying import (
    PaymentInput,
    RefundInput,
    capture_holds,
    pay_with_values,
    refund_payments,
    release_holds,
)
from regulars.loyalty.actions.posting import Taken, take_purchases
from regulars.loyalty.actions.promo_uses import (
    BasketVerdict,
    redeem_reservations,
    reserve_codes,
    roll_back_reservations,
)
from regulars.loyalty.actions.reversing import reverse_purchases
from regulars.loyalty.models import Cancellation, PromoReservation, StoredValue, ValuePayment
from regulars.loyalty.queries.checkouts import (
    SOURCE,
    basket_key,
    basket_of,
    goods_of,
    is_undone,
    payments_of,
    purchase_of,
)
from regulars.loyalty.queries.promo import GoodsLine

UNDO_LASTS = timedelta(minutes=10)
"""How long a cashier may take back a finished purchase; later its goods come back as a return."""


@dataclass(frozen=True)
class CheckoutInput:
    """A purchase as the cashier sees it. `key` names it for ever.

    `due_minor` is what the screen said is left to pay by other means: what is finished is what was
    seen, or nothing.
    """

    key: str
    amount_minor: int
    due_minor: int
    codes: tuple[str, ...] = ()
    customer_id: int | None = None
    store_code: str | None = None
    named: tuple[GoodsLine, ...] = ()
    """Goods of the amount that were named; codes for certain goods look at them."""


@dataclass(frozen=True)
class CardWish:
    """What a gift card or voucher is to pay of a purchase; `nonce` names this wish within it."""

    key: str
    nonce: str
    value_id: int
    amount_minor: int
    left_minor: int
    currency: str
    pin: str = ""
    store_id: int | None = None
    employee_id: int | None = None


@transaction.atomic
def hold_for_checkout(wish: CardWish, *, now: datetime) -> ValuePayment:
    """Money of a card, put aside for a purchase until that is finished, left, or half an hour old.

    `Refused` with the reason where the card does not pay; the attempt is kept, for wrong PINs count.
    The same wish again gives the same answer. No more is taken than is left to pay.
    """
    lock_checkout(wish.key)
    value = StoredValue.objects.get(pk=wish.value_id)
    if value.currency != wish.currency:
        raise Refused("other_currency", f"the card is in {value.currency}", "amount")
    told = PaymentInput(
        key=f"{basket_key(wish.key)}:{wish.nonce}",
        code=value.code,
        amount_minor=wish.amount_minor,
        pin=wish.pin,
        is_hold=True,
        store_id=wish.store_id,
        employee_id=wish.employee_id,
    )
    is_known = ValuePayment.objects.filter(key=told.key).exists()
    if not is_known and (is_undone(wish.key) or purchase_of(wish.key)):
        raise Refused("is_finished", "this purchase is finished", "key")
    if not is_known and wish.amount_minor > wish.left_minor:
        raise Refused("more_than_due", f"{wish.left_minor} is left to pay", "amount")
    (paid,) = pay_with_values([told], now=now)
    if isinstance(paid, Refused):
        raise paid
    return paid


def release_from_checkout(key: str, payment: ValuePayment, *, now: datetime) -> None:
    """What a card put aside for a purchase can be spent again; once it is finished, `Refused`."""
    if not payment.key.startswith(f"{basket_key(key)}:"):
        raise NotFound("unknown_payment", "this purchase has no such payment", "key")
    (released,) = release_holds([payment.key], now=now)
    if isinstance(released, Refused):
        raise released


@transaction.atomic
def finish_checkout(entry: CheckoutInput, *, now: datetime) -> Taken:
    """The purchase on record and on the books, its codes used, its cards charged: all or nothing.

    Once by its key: again gives the same, with other content it is a `Conflict`. `Refused` where
    anything changed since the cashier looked (`price_changed`), where a card's money is no longer
    put aside (`has_lapsed`), and where the purchase was undone before.
    """
    lock_checkout(entry.key)
    if is_undone(entry.key):
        raise Refused("is_undone", "this purchase was undone", "key")
    lines = _lines_with_codes(entry, now=now)
    total = sum(line.total_minor for line in lines)
    payments = _charge_cards(entry.key, now=now)
    paid = sum(one.captured_minor for one in payments)
    if total - paid != entry.due_minor or paid > total:
        raise Refused("price_changed", f"{total - paid} is left to pay now", "due")
    known = purchase_of(entry.key)
    (taken,) = take_purchases(
        [
            PurchaseInput(
                source=SOURCE,
                number=entry.key,
                customer=CustomerRef("id", str(entry.customer_id)) if entry.customer_id else None,
                store_code=entry.store_code,
                bought_at=known.bought_at if known else now,
                lines=lines,
                tenders=_tenders(payments),
            )
        ],
        now=now,
    )
    if taken.refused is not None:
        raise taken.refused
    return taken


@transaction.atomic
def undo_checkout(key: str, *, now: datetime, within: timedelta | None = UNDO_LASTS) -> Purchase:
    """A finished purchase taken back: off the books, its cards have their money, its codes are free.

    Again changes nothing. `Refused` once the time to undo is over; the key names no other purchase.
    """
    lock_checkout(key)
    done = Cancellation.objects.filter(source=SOURCE, number=key).select_related("purchase").first()
    if done is not None and done.purchase is not None:
        return done.purchase
    purchase = purchase_of(key)
    if purchase is None:
        raise NotFound("unknown_purchase", "no purchase has this key", "key")
    if within is not None and now - purchase.recorded_at > within:
        raise Refused("too_late_to_undo", "take its goods back as a return", "key")
    Cancellation.objects.create(source=SOURCE, number=key, purchase=purchase, at=now)
    reverse_purchases(void_purchases([purchase.pk], now=now), "voided", now=now)
    _refund_cards(key, now=now)
    if PromoReservation.objects.filter(key=basket_key(key)).exists():
        roll_back_reservations([basket_key(key)], now=now)
    return purchase


def lock_checkout(key: str) -> None:
    """Have everything that happens to one purchase at two tills at once come one after the other."""
    lock_names("receipt", [f"{SOURCE}\x1f{key}"])


def _lines_with_codes(entry: CheckoutInput, *, now: datetime) -> tuple[LineInput, ...]:
    """What each line costs with the codes that hold, which are used for good."""
    goods = goods_of(entry.amount_minor, entry.named)
    if sum(line.total_minor for line in goods) != entry.amount_minor:
        raise Refused("more_than_amount", "the goods cost more than the purchase", "amount")
    off = _use_codes(entry, now=now) if entry.codes else [0] * len(goods)
    return tuple(
        LineInput(line.sku, line.quantity_milli, line.total_minor - less, less)
        for line, less in zip(goods, off, strict=True)
    )


def _use_codes(entry: CheckoutInput, *, now: datetime) -> tuple[int, ...]:
    """What codes take off each line."""
    basket = basket_of(
        entry.key, entry.amount_minor, entry.codes, entry.customer_id, named=entry.named
    )
    (verdict,) = reserve_codes([basket], now=now)
    if isinstance(verdict, BasketVerdict) and any(not one.reason for one in verdict.codes):
        (verdict,) = redeem_reservations([basket.key], now=now)
    if isinstance(verdict, Refused):
        raise verdict
    return verdict.by_line_minor or (verdict.before_minor - verdict.total_minor,)


def _charge_cards(key: str, *, now: datetime) -> Sequence[ValuePayment]:
    """The payments of a purchase, captured; once more, they are the same."""
    payments = payments_of(key, states=("held", "captured"))
    answers = capture_holds([one.key for one in payments], now=now)
    for one in answers:
        if isinstance(one, Refused):
            raise one
    return [one for one in answers if isinstance(one, ValuePayment)]


def _tenders(payments: Sequence[ValuePayment]) -> tuple[TenderInput, ...]:
    sums: dict[str, int] = defaultdict(int)
    for one in payments:
        sums[one.value.kind] += one.captured_minor
    return tuple(TenderInput(kind, amount) for kind, amount in sorted(sums.items()))


def _refund_cards(key: str, *, now: datetime) -> None:
    refunds = [
        RefundInput(f"undo:{one.key}", one.key, one.captured_minor - one.refunded_minor)
        for one in payments_of(key, states=("captured",))
        if one.captured_minor > one.refunded_minor
    ]
    for answer in refund_payments(refunds, now=now):
        if isinstance(answer, Refused):
            raise answer
