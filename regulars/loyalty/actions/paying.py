"""Paying with vouchers and gift cards: held, captured, released, refunded, exactly once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connection, transaction

from regulars.core.errors import Conflict, NotFound, Refused
from regulars.core.sql import int_array
from regulars.loyalty.actions.locking import lock_names
from regulars.loyalty.actions.values import (
    Entry,
    add_to_balances,
    lock_values,
    pin_is_right,
    write_entries,
)
from regulars.loyalty.models.values import StoredValue, ValueEntry, ValuePayment
from regulars.loyalty.rules.codes import normal_code
from regulars.loyalty.rules.values import Purse, lost_by_single_use, refusal

HOLD_LASTS = timedelta(minutes=30)

Paid = ValuePayment | Refused


@dataclass(frozen=True)
class PaymentInput:
    """What a basket asks of a voucher or gift card. `key` names the payment for ever.

    `is_hold` puts the amount aside until it is captured or released, or lapses.
    """

    key: str
    code: str
    amount_minor: int
    pin: str = ""
    is_hold: bool = False
    store_id: int | None = None
    employee_id: int | None = None


@dataclass(frozen=True)
class RefundInput:
    """Money of a payment that goes back to where it came from. `key` names the refund for ever."""

    key: str
    payment_key: str
    amount_minor: int


@dataclass
class _Books:
    """The states of a batch while it is judged, and what is to be written."""

    rows: dict[int, StoredValue]
    purses: dict[int, Purse]
    entries: list[Entry] = field(default_factory=list)
    changes: dict[int, tuple[int, int]] = field(default_factory=lambda: defaultdict(lambda: (0, 0)))

    def set(self, id_: int, after: Purse) -> None:
        """The state of a card from now on."""
        before = self.purses[id_]
        balance, held = self.changes[id_]
        self.changes[id_] = (
            balance + after.balance_minor - before.balance_minor,
            held + after.held_minor - before.held_minor,
        )
        self.purses[id_] = after

    def write(self, *, now: datetime) -> None:
        """Entries and balances; 2 statements."""
        write_entries(self.entries, at=now)
        if self.changes:
            add_to_balances(dict(self.changes))


@transaction.atomic
def pay_with_values(wishes: Sequence[PaymentInput], *, now: datetime) -> list[Paid]:
    """Payments and holds by vouchers and gift cards, each once by its key, all or nothing each.

    The same key again gives the payment of the first time; with another code or amount it is a
    `Conflict`. A card that does not pay gives a declined payment with its reason: the attempt is
    kept, so that wrong PINs count. Cards are locked in the order of their ids: nothing is overdrawn
    and nobody deadlocks. A constant number of statements.
    """
    lock_names("payment", [one.key for one in wishes])
    codes = {one.key: normal_code(one.code) or "" for one in wishes}
    ids = dict(StoredValue.objects.filter(code__in=codes.values()).values_list("code", "pk"))
    rows = lock_values(list(ids.values()))
    if _sweep(list(ids.values()), now=now):
        rows = lock_values(list(ids.values()))
    known = {row.key: row for row in _payments([one.key for one in wishes])}
    books = _Books(rows, {id_: purse_of(row) for id_, row in rows.items()})
    fresh: dict[str, ValuePayment] = {}
    answers: list[Paid] = []
    for one in wishes:
        id_ = ids.get(codes[one.key])
        before = known.get(one.key) or fresh.get(one.key)
        if id_ is None or one.amount_minor <= 0:
            answers.append(_unpayable(one))
        elif before is not None:
            answers.append(_same(before, one, value_id=id_))
        else:
            fresh[one.key] = _judged(one, books, value_id=id_, now=now)
            answers.append(fresh[one.key])
    _write(fresh, books, now=now)
    return answers


def _sweep(value_ids: Sequence[int], *, now: datetime) -> list[Paid]:
    """Releases the holds of these cards whose time is over, so that late jobs bar nobody."""
    over = ValuePayment.objects.filter(value__in=value_ids, state="held", lapses_at__lte=now)
    keys = list(over.values_list("key", flat=True))
    return _close(keys, "lapsed", amounts={}, now=now) if keys else []


def purse_of(row: StoredValue) -> Purse:
    """The state of a row, for the rules."""
    return Purse(
        row.balance_minor,
        row.held_minor,
        row.is_single_use,
        row.expires_at,
        row.blocked_at is not None,
        row.pin_misses,
    )


def _payments(keys: Sequence[str]) -> Sequence[ValuePayment]:
    return list(ValuePayment.objects.filter(key__in=keys).select_related("value"))


def _unpayable(wish: PaymentInput) -> Refused:
    if wish.amount_minor <= 0:
        return Refused("bad_amount", "the amount must be above zero", "amount_minor")
    return NotFound("unknown_code", "no voucher or gift card has this number", "code")


def _same(row: ValuePayment, wish: PaymentInput, *, value_id: int) -> Paid:
    if (row.value_id, row.asked_minor) == (value_id, wish.amount_minor):
        return row
    return Conflict("other_content", "this key was used for another payment", "key")


def _judged(wish: PaymentInput, books: _Books, *, value_id: int, now: datetime) -> ValuePayment:
    """The payment of one wish; the books follow."""
    row, purse = books.rows[value_id], books.purses[value_id]
    is_right = pin_is_right(row, wish.pin)
    reason = refusal(purse, wish.amount_minor, pin_is_right=is_right, now=now)
    payment = ValuePayment(
        key=wish.key,
        value=row,
        asked_minor=wish.amount_minor,
        state="declined" if reason else "held" if wish.is_hold else "captured",
        reason=reason,
        store_id=wish.store_id,
        employee_id=wish.employee_id,
        made_at=now,
        lapses_at=now + HOLD_LASTS if wish.is_hold and not reason else None,
        closed_at=None if wish.is_hold and not reason else now,
    )
    if reason:
        misses = purse.pin_misses + (reason == "wrong_pin")
        row.pin_misses = misses
        books.purses[value_id] = replace(purse, pin_misses=misses)
    elif wish.is_hold:
        books.set(value_id, purse.held(wish.amount_minor))
    else:
        payment.captured_minor = wish.amount_minor
        _spend(books, value_id, wish.key, wish.amount_minor)
    if not reason and row.pin_misses:
        row.pin_misses = 0
        books.purses[value_id] = replace(books.purses[value_id], pin_misses=0)
    return payment


def _spend(books: _Books, value_id: int, key: str, amount_minor: int) -> None:
    """Takes money off a card for good, and the rest of a voucher that pays only once."""
    books.entries.append(Entry(f"capture:{key}", value_id, "capture", amount_minor))
    after = books.purses[value_id].spent(amount_minor)
    if lost := lost_by_single_use(after):
        books.entries.append(Entry(f"rest:{key}", value_id, "expire", lost))
        after = after.spent(lost)
    books.set(value_id, after)


def _write(fresh: dict[str, ValuePayment], books: _Books, *, now: datetime) -> None:
    ValuePayment.objects.bulk_create(fresh.values())
    by_key = {f"{kind}:{key}": row.pk for key, row in fresh.items() for kind in ("capture", "rest")}
    books.entries = [
        Entry(one.key, one.value_id, one.kind, one.amount_minor, by_key[one.key])
        for one in books.entries
    ]
    books.write(now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE loyalty_storedvalue value SET pin_misses = told.misses
            FROM unnest(%s::bigint[], %s::bigint[]) AS told (id, misses)
            WHERE value.id = told.id AND value.pin_misses <> told.misses""",
            [int_array(books.rows), int_array(row.pin_misses for row in books.rows.values())],
        )


def capture_holds(
    keys: Sequence[str], *, now: datetime, amounts: dict[str, int] | None = None
) -> list[Paid]:
    """Holds become payments, of all that was held or of the amounts given; the rest is released.

    Once: again gives what was captured the first time, and another amount is a `Conflict`.
    """
    return _close(keys, "captured", amounts=amounts or {}, now=now)


def release_holds(keys: Sequence[str], *, now: datetime) -> list[Paid]:
    """What was held can be spent again. Once; what is captured stays captured."""
    return _close(keys, "released", amounts={}, now=now)


def lapse_payments(*, now: datetime, limit: int = 1000) -> int:
    """Releases holds whose time is over; gives how many."""
    keys = list(
        ValuePayment.objects.filter(state="held", lapses_at__lte=now)
        .order_by("lapses_at")
        .values_list("key", flat=True)[:limit]
    )
    _close(keys, "lapsed", amounts={}, now=now)
    return len(keys)


@transaction.atomic
def _close(
    keys: Sequence[str], state: str, *, amounts: dict[str, int], now: datetime
) -> list[Paid]:
    ids = ValuePayment.objects.filter(key__in=keys).values_list("value_id", flat=True)
    rows = lock_values(sorted(set(ids)))
    found = {row.key: row for row in _payments(keys)}
    books = _Books(rows, {id_: purse_of(row) for id_, row in rows.items()})
    answers: list[Paid] = []
    closed: dict[str, ValuePayment] = {}
    for key in keys:
        row = found.get(key)
        answer = _unclosable(row, state, amount=amounts.get(key), now=now)
        if answer is None and row is not None:
            _end(row, state, books, amount=amounts.get(key), now=now)
            closed[key], answer = row, row
        assert answer is not None, "a payment that cannot be closed has its reason"
        answers.append(answer)
    fields = ["state", "captured_minor", "closed_at"]
    ValuePayment.objects.bulk_update(closed.values(), fields)
    books.write(now=now)
    return answers


def _unclosable(
    row: ValuePayment | None, state: str, *, amount: int | None, now: datetime
) -> Paid | None:
    """The answer for a payment that is not held any more, or cannot be closed so."""
    if row is None:
        return NotFound("unknown_payment", "no payment has this key", "key")
    if row.state == "declined":
        return Refused("is_declined", "this payment was declined", "key")
    if row.state != "held":
        other = row.state != state or (amount is not None and amount != row.captured_minor)
        return (
            Conflict("is_closed", f"this payment is {row.state} already", "key") if other else row
        )
    if state == "captured" and row.lapses_at is not None and row.lapses_at <= now:
        return Refused("has_lapsed", "this hold has lapsed: pay anew", "key")
    if amount is not None and not 0 < amount <= row.asked_minor:
        return Refused("more_than_held", f"{row.asked_minor} is held", "amount_minor")
    return None


def _end(
    row: ValuePayment, state: str, books: _Books, *, amount: int | None, now: datetime
) -> None:
    books.set(row.value_id, books.purses[row.value_id].released(row.asked_minor))
    row.state, row.closed_at = state, now
    if state == "captured":
        row.captured_minor = row.asked_minor if amount is None else amount
        place = len(books.entries)
        _spend(books, row.value_id, row.key, row.captured_minor)
        books.entries[place:] = [
            Entry(one.key, one.value_id, one.kind, one.amount_minor, row.pk)
            for one in books.entries[place:]
        ]


@transaction.atomic
def refund_payments(refunds: Sequence[RefundInput], *, now: datetime) -> list[Paid]:
    """Money of returned goods goes back to the voucher or card that paid; each refund once by key.

    All refunds of a payment together give back no more than it paid. The card keeps its expiry:
    what comes back to an expired one expires with the next run.
    """
    lock_names("refund", [one.key for one in refunds])
    asked = {one.payment_key for one in refunds}
    ids = ValuePayment.objects.filter(key__in=asked).values_list("value_id", flat=True)
    rows = lock_values(sorted(set(ids)))
    found = {row.key: row for row in _payments(sorted(asked))}
    known = {
        row.key: row
        for row in ValueEntry.objects.filter(key__in=[f"refund:{one.key}" for one in refunds])
    }
    books = _Books(rows, {id_: purse_of(row) for id_, row in rows.items()})
    done: dict[str, Entry | ValueEntry] = dict(known)
    answers: list[Paid] = []
    for one in refunds:
        row = found.get(one.payment_key)
        answer = _unrefundable(one, row, done.get(f"refund:{one.key}"))
        if answer is None and row is not None:
            entry = Entry(f"refund:{one.key}", row.value_id, "refund", one.amount_minor, row.pk)
            done[entry.key] = entry
            books.entries.append(entry)
            books.set(row.value_id, books.purses[row.value_id].given(one.amount_minor))
            row.refunded_minor += one.amount_minor
            answer = row
        assert answer is not None, "what cannot be refunded has its reason"
        answers.append(answer)
    ValuePayment.objects.bulk_update(found.values(), ["refunded_minor"])
    books.write(now=now)
    return answers


def _unrefundable(
    refund: RefundInput, row: ValuePayment | None, before: Entry | ValueEntry | None
) -> Paid | None:
    if row is None:
        return NotFound("unknown_payment", "no payment has this key", "payment_key")
    if before is not None:
        same = (before.payment_id, before.amount_minor) == (row.pk, refund.amount_minor)
        return row if same else Conflict("other_content", "this key refunded another", "key")
    left = row.captured_minor - row.refunded_minor
    if not 0 < refund.amount_minor <= left:
        return Refused("more_than_paid", f"{left} can still be refunded", "amount_minor")
    return None
