"""What a till or a file says about purchases, and what is wrong with it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from regulars.company.rules import AGENT_CODE_MAX
from regulars.core.errors import Refused

AMOUNT_MAX = 10**14
"""The largest amount or quantity of one line; sums of a thousand lines still fit eight bytes."""

LINES_MAX = 1_000
CLOCK_ERROR_MAX = timedelta(days=1)
BY_ID = "id"
"""The kind of a `CustomerRef` whose value is our own id of the customer."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class LineInput(NamedTuple):
    """One product of a receipt: thousandths of a piece or kilogram, and minor units of money.

    The total is what was paid, after the discount.
    """

    sku: str
    quantity_milli: int
    total_minor: int
    discount_minor: int = 0


class TenderInput(NamedTuple):
    """A part of a receipt that was paid by a gift card, by points used as money or the like."""

    kind: str
    amount_minor: int


class CustomerRef(NamedTuple):
    """Who bought: an identity such as `("card", "123")`, or `("id", "42")` for our own id."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class PurchaseInput:
    """A receipt as its source tells it. `source` and `number` together name it for ever.

    `discount_minor` is what was taken off the whole receipt, beside the discounts of its lines.
    `tenders` name the means of payment where it was not only cash or a bank card; they do not
    change what the receipt comes to. `served_by` is the company's own code of the employee who served.
    """

    source: str
    number: str
    customer: CustomerRef | None
    store_code: str | None
    bought_at: datetime
    lines: tuple[LineInput, ...]
    discount_minor: int = 0
    tenders: tuple[TenderInput, ...] = ()
    served_by: str | None = None


def problem_of(entry: PurchaseInput, *, now: datetime) -> Refused | None:
    """What is wrong with a receipt, naming the field; None where nothing is."""
    return _problem_of_head(entry) or _problem_of_time(entry, now) or _problem_of_lines(entry)


def _problem_of_head(entry: PurchaseInput) -> Refused | None:
    if not entry.source or not entry.number:
        return Refused("missing", "a purchase needs a source and a number", "number")
    texts = f"{entry.source}{entry.number}{entry.store_code}{entry.served_by}"
    if _CONTROL.search(texts) or len(entry.source) > 50 or len(entry.number) > 100:
        return Refused("unreadable_text", "too long, or with control characters", "number")
    if entry.store_code is not None and len(entry.store_code) > 50:
        return Refused("too_long", "a store code has at most 50 characters", "store")
    if entry.served_by is not None and len(entry.served_by) > AGENT_CODE_MAX:
        return Refused("too_long", "the code has at most 50 characters", "served_by")
    return _problem_of_reference(entry.customer) if entry.customer is not None else None


def _problem_of_time(entry: PurchaseInput, now: datetime) -> Refused | None:
    if entry.bought_at.tzinfo is None:
        return Refused("no_zone", "the time needs an offset from UTC", "bought_at")
    if entry.bought_at > now + CLOCK_ERROR_MAX:
        return Refused("in_the_future", "the purchase lies in the future", "bought_at")
    return None


def _problem_of_reference(customer: CustomerRef) -> Refused | None:
    if not customer.kind or len(customer.kind) > 50 or len(customer.value) > 254:
        return Refused("bad_identity", "an identity is a kind and a value", "customer")
    if _CONTROL.search(f"{customer.kind}{customer.value}"):
        return Refused("unreadable_text", "the identity has control characters", "customer")
    if customer.kind == BY_ID and not (customer.value.isascii() and customer.value.isdigit()):
        return Refused("bad_identity", "our own id is a whole number", "customer")
    return None


def _problem_of_lines(entry: PurchaseInput) -> Refused | None:
    if not 1 <= len(entry.lines) <= LINES_MAX:
        return Refused("no_lines", f"a purchase has 1 to {LINES_MAX} lines", "lines")
    total = 0
    for line in entry.lines:
        sku, quantity, paid, off = line
        if not (0 <= quantity <= AMOUNT_MAX and 0 <= paid <= AMOUNT_MAX and 0 <= off <= AMOUNT_MAX):
            return Refused("out_of_range", "an amount is negative or too large", "lines")
        if len(sku) > 50 or (not sku.isprintable() and _CONTROL.search(sku)):
            return Refused("unreadable_text", "too long, or with control characters", "lines.sku")
        total += paid
    if not 0 <= entry.discount_minor <= total:
        return Refused("out_of_range", "the discount exceeds the lines", "discount_minor")
    return _problem_of_tenders(entry, total - entry.discount_minor) if entry.tenders else None


def _problem_of_tenders(entry: PurchaseInput, paid: int) -> Refused | None:
    kinds = [one.kind for one in entry.tenders]
    if any(not kind or len(kind) > 50 or _CONTROL.search(kind) for kind in kinds):
        return Refused("unreadable_text", "a tender has a kind of 1 to 50 characters", "tenders")
    if len(set(kinds)) < len(kinds):
        return Refused("tender_twice", "each kind of tender stands once", "tenders")
    if any(one.amount_minor <= 0 for one in entry.tenders):
        return Refused("out_of_range", "a tender pays more than nothing", "tenders")
    if sum(one.amount_minor for one in entry.tenders) > paid:
        return Refused("out_of_range", "tenders pay more than the receipt comes to", "tenders")
    return None


def fingerprint_of(entry: PurchaseInput) -> str:
    """32 hexadecimal digits that differ where the content of two receipts differs (BLAKE2b)."""
    lines = "\x1e".join(["\x1f".join(map(str, line)) for line in entry.lines])
    head = f"{entry.customer}\x1d{entry.store_code}\x1d{entry.bought_at.timestamp()}"
    text = f"{head}\x1d{entry.discount_minor}\x1d{lines}"
    if entry.tenders:
        text += f"\x1d{sorted(map(tuple, entry.tenders))}"
    if entry.served_by:
        text += f"\x1dserved by {entry.served_by}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


class ReturnLineInput(NamedTuple):
    """How much of one line came back. Without a total, the line's price per piece decides."""

    position: int
    quantity_milli: int
    total_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnInput:
    """Goods that came back, as a source tells it; the purchase is named as its own source did."""

    source: str
    number: str
    purchase_source: str
    purchase_number: str
    returned_at: datetime
    lines: tuple[ReturnLineInput, ...]
    store_code: str | None = None
    reason: str = ""


def problem_of_return(entry: ReturnInput, *, now: datetime) -> Refused | None:
    """What is wrong with a return as such, naming the field; None where nothing is."""
    if not entry.source or not entry.number:
        return Refused("missing", "a return needs a source and a number", "number")
    texts = f"{entry.source}{entry.number}{entry.store_code}{entry.reason}"
    names = f"{entry.purchase_source}{entry.purchase_number}"
    if _CONTROL.search(texts + names) or max(len(texts), len(names)) > 300:
        return Refused("unreadable_text", "too long, or with control characters", "number")
    if entry.returned_at.tzinfo is None or entry.returned_at > now + CLOCK_ERROR_MAX:
        return Refused("bad_time", "without an offset from UTC, or in the future", "returned_at")
    positions = {line.position for line in entry.lines}
    if not entry.lines or len(positions) < len(entry.lines):
        return Refused("bad_lines", "a return names each line once", "lines")
    return None


def fingerprint_of_return(entry: ReturnInput) -> str:
    """32 hexadecimal digits that differ where the content of two returns differs (BLAKE2b)."""
    head = (entry.purchase_source, entry.purchase_number, entry.returned_at.timestamp())
    text = repr((*head, entry.store_code, sorted(tuple(line) for line in entry.lines)))
    return blake2b(text.encode(), digest_size=16).hexdigest()


class Bought(NamedTuple):
    """A line on record, and what of it came back so far."""

    line_id: int
    quantity_milli: int
    total_minor: int
    back_quantity_milli: int = 0
    back_total_minor: int = 0


def taken_back(bought: Bought, asked: ReturnLineInput) -> tuple[int, int]:
    """The quantity and money that one line gives back; `Refused` where it is more than is left.

    Without a stated total the money is the share of the quantity, rounded down on the sum of all
    returns, so that the last piece brings the rest and nothing is lost to rounding.

    >>> taken_back(Bought(1, 3_000, 1_000, 2_000, 666), ReturnLineInput(1, 1_000))
    (1000, 334)
    """
    quantity = asked.quantity_milli
    after = bought.back_quantity_milli + quantity
    if quantity <= 0 or after > bought.quantity_milli:
        left = bought.quantity_milli - bought.back_quantity_milli
        raise Refused("more_than_bought", f"{left} thousandths are left to return", "lines")
    share = bought.total_minor * after // bought.quantity_milli - bought.back_total_minor
    total = max(share, 0) if asked.total_minor is None else asked.total_minor
    if total < 0 or bought.back_total_minor + total > bought.total_minor:
        raise Refused("more_than_paid", "more money back than was paid", "lines")
    return quantity, total
