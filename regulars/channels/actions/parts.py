"""Long texts in parts: those that left, with a report for each; those that came in, put together."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection, transaction

from regulars.channels.kind import Delivery, Heard, HeardPart, Receipt, normal_address_on
from regulars.channels.models import HeardPart as KeptPart
from regulars.channels.models import Message, MessagePart
from regulars.core.sql import text_array
from regulars.core.texts import keepable

WAITS_FOR = timedelta(minutes=10)
"""So long the parts of a text that came in wait for those that are missing."""

Text = tuple[str, int, int]
"""The address, reference and number of parts that a long text is known by."""


def keep_parts(receipts: Iterable[Receipt]) -> None:
    """Remember the provider's names for the parts of messages that left in several."""
    ids = {one.message_id: one.part_ids for one in receipts if one.part_ids}
    if not ids:
        return
    channels = dict(Message.objects.filter(pk__in=ids).values_list("pk", "channel"))
    MessagePart.objects.bulk_create(
        [
            MessagePart(
                message_id=message_id,
                channel=channels[message_id],
                outside_id=keepable(part_id[:150]),
            )
            for message_id, part_ids in ids.items()
            for part_id in part_ids
        ],
        ignore_conflicts=True,
    )


def whole_deliveries(kind: str, batch: Sequence[Delivery]) -> list[Delivery]:
    """Reports with those of parts told of their messages: arrived when every part did.

    One part that did not arrive fails the message, because half a text says something else.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH given AS (SELECT * FROM unnest(%s::text[], %s::text[]) AS given (id, outcome)),
            noted AS (
                UPDATE channels_messagepart part SET outcome = given.outcome FROM given
                WHERE part.channel = %s AND part.outside_id = given.id
                RETURNING part.id, part.message_id, given.outcome, given.id AS name)
            SELECT message.outside_id, bool_or(coalesce(noted.outcome, part.outcome) = 'failed'),
                bool_and(coalesce(noted.outcome, part.outcome) = 'delivered'),
                array_agg(noted.name) FILTER (WHERE noted.name IS NOT NULL)
            FROM channels_messagepart part
            JOIN channels_message message ON message.id = part.message_id
            LEFT JOIN noted ON noted.id = part.id
            WHERE part.message_id IN (SELECT message_id FROM noted)
            GROUP BY message.id
            """,
            [
                text_array(one.outside_id for one in batch),
                text_array(one.outcome for one in batch),
                kind,
            ],
        )
        rows = cursor.fetchall()
    failures = {one.outside_id: one.failure for one in batch if one.outcome == "failed"}
    whole = []
    for name, has_failed, is_delivered, names in rows:
        if has_failed:
            failure = next((failures[one] for one in names if one in failures), "")
            whole.append(Delivery(name, "failed", failure))
        elif is_delivered:
            whole.append(Delivery(name, "delivered"))
    return [*batch, *whole]


@transaction.atomic
def put_together(kind: str, batch: Sequence[HeardPart], *, now: datetime) -> list[Heard]:
    """Keep parts of long texts, and give the texts that are whole now; a repeated part is one part."""
    if not batch:
        return []
    KeptPart.objects.bulk_create(
        [_kept(kind, one, now=now) for one in batch], ignore_conflicts=True
    )
    addresses = {_address(kind, one) for one in batch}
    rows = KeptPart.objects.filter(channel=kind, address__in=addresses)
    touched = {(_address(kind, one), one.reference, one.total) for one in batch}
    return _texts(
        [part for text, part in _by_text(rows) if text in touched and len(part) == text[2]]
    )


@transaction.atomic
def give_up_on_parts(kind: str, *, now: datetime) -> list[Heard]:
    """The texts that waited too long for a part, as far as they came."""
    rows = KeptPart.objects.filter(channel=kind)
    waiting = [parts for _text, parts in _by_text(rows)]
    return _texts(
        [parts for parts in waiting if max(one.received_at for one in parts) < now - WAITS_FOR]
    )


def _address(kind: str, part: HeardPart) -> str:
    return normal_address_on(kind, part.address)[:254]


def _kept(kind: str, part: HeardPart, *, now: datetime) -> KeptPart:
    return KeptPart(
        channel=kind,
        address=_address(kind, part),
        reference=part.reference,
        total=part.total,
        number=part.number,
        content=part.content,
        received_at=now,
    )


def _by_text(rows: Iterable[KeptPart]) -> list[tuple[Text, list[KeptPart]]]:
    def text_of(part: KeptPart) -> Text:
        return part.address, part.reference, part.total

    ordered = sorted(rows, key=lambda part: (*text_of(part), part.number))
    return [(text, list(parts)) for text, parts in groupby(ordered, key=text_of)]


def _texts(found: Sequence[Sequence[KeptPart]]) -> list[Heard]:
    """What these parts say; they are kept no longer, and the first one's id names the text."""
    KeptPart.objects.filter(pk__in=[part.pk for parts in found for part in parts]).delete()
    return [
        Heard(
            key=f"parts:{parts[0].pk}",
            address=parts[0].address,
            text=b"".join(bytes(part.content) for part in parts).decode("utf-16-be", "replace"),
        )
        for parts in found
    ]
