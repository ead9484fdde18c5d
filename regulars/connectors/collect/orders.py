"""Orders and refunds among calls become purchases and returns, for sources that wish it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from regulars.company.queries import get_brand
from regulars.connectors.models import EventSource
from regulars.connectors.rules.orders import (
    COMPLETED,
    REFUNDED,
    BoughtLine,
    purchase_of_order,
    return_of_refund,
)
from regulars.core.errors import Refused
from regulars.core.money import minor_per_unit
from regulars.core.sql import text_array
from regulars.customers.actions import PurchaseInput, ReturnInput, TrackedInput, record_returns
from regulars.customers.rules.tracked import owner_of_call
from regulars.loyalty.actions import take_purchases


class Note(NamedTuple):
    """An order that stays an event only, and why."""

    call: TrackedInput
    field: str
    rule: str


def record_orders(
    calls: Sequence[TrackedInput], sources: Mapping[str, EventSource], *, now: datetime
) -> list[Note]:
    """Put orders on record as purchases and refunds as returns; gives those that cannot be.

    An order is known by its number: told again, by whichever message, it changes nothing. A
    constant number of statements.
    """
    wished = [
        call
        for call in calls
        if call.type == "track"
        and call.name in COMPLETED | REFUNDED
        and sources[call.source].orders_become_purchases
    ]
    if not wished:
        return []
    notes: list[Note] = []
    _record_purchases([c for c in wished if c.name in COMPLETED], sources, notes=notes, now=now)
    _record_returns([c for c in wished if c.name in REFUNDED], notes=notes, now=now)
    return notes


def _record_purchases(
    calls: Sequence[TrackedInput],
    sources: Mapping[str, EventSource],
    *,
    notes: list[Note],
    now: datetime,
) -> None:
    currency = get_brand().currency
    minor = minor_per_unit(currency)
    told: list[tuple[TrackedInput, PurchaseInput]] = []
    for call in calls:
        try:
            _check_currency(call, currency)
            purchase = purchase_of_order(
                call.properties,
                source=call.source,
                customer=owner_of_call(call),
                store_code=sources[call.source].store_code,
                at=call.at,
                minor=minor,
            )
        except Refused as refused:
            notes.append(_note(call, refused))
        else:
            told.append((call, purchase))
    taken = take_purchases([purchase for _call, purchase in told], now=now) if told else []
    for (call, _purchase), answer in zip(told, taken, strict=True):
        if answer.refused is not None and answer.refused.code != "other_content":
            notes.append(_note(call, answer.refused))


def _record_returns(calls: Sequence[TrackedInput], *, notes: list[Note], now: datetime) -> None:
    lines = _lines_left(calls) if calls else {}
    told: list[tuple[TrackedInput, ReturnInput]] = []
    for call in calls:
        order = str(call.properties.get("order_id", ""))
        try:
            entry = return_of_refund(
                call.properties,
                source=call.source,
                number=f"refund-{call.message_id}"[:100],
                bought=lines.get((call.source, order), []),
                at=call.at,
            )
        except Refused as refused:
            notes.append(_note(call, refused))
        else:
            told.append((call, entry))
    returned = record_returns([entry for _call, entry in told], now=now) if told else []
    for (call, _entry), answer in zip(told, returned, strict=True):
        if answer.refused is not None and answer.refused.code != "other_content":
            notes.append(_note(call, answer.refused))


def _note(call: TrackedInput, refused: Refused) -> Note:
    return Note(call, (refused.field or "")[:200], str(refused.message)[:300])


def _check_currency(call: TrackedInput, currency: str) -> None:
    told = call.properties.get("currency")
    if told and str(told).upper() != currency:
        raise Refused("other_currency", f"{told} instead of {currency}", "currency")


def _lines_left(calls: Sequence[TrackedInput]) -> dict[tuple[str, str], list[BoughtLine]]:
    """By source and number of an order: its lines, and what of each has not come back yet."""
    found: dict[tuple[str, str], list[BoughtLine]] = {}
    for source, number, position, sku, left in _rows(calls):
        found.setdefault((source, number), []).append(BoughtLine(position, sku, left))
    return found


def _rows(calls: Sequence[TrackedInput]) -> Iterator[tuple[str, str, int, str, int]]:
    keys = sorted({(c.source, str(c.properties.get("order_id", ""))) for c in calls})
    keys = [key for key in keys if "\0" not in key[1]]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT purchase.source, purchase.number, line.position, coalesce(product.sku, ''),
                line.quantity_milli - coalesce((SELECT sum(back.quantity_milli)
                    FROM customers_returnline back WHERE back.line_id = line.id), 0)::bigint
            FROM unnest(%s::text[], %s::text[]) AS given (source, number)
            JOIN customers_purchase purchase ON purchase.source = given.source
                AND purchase.number = given.number AND purchase.voided_at IS NULL
            JOIN customers_line line ON line.purchase_id = purchase.id
            LEFT JOIN company_product product ON product.id = line.product_id
            ORDER BY purchase.id, line.position""",
            [text_array([key[0] for key in keys]), text_array([key[1] for key in keys])],
        )
        yield from cursor.fetchall()
