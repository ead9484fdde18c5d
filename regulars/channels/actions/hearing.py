"""What people write to us, and what providers report: on record once, told to whoever answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from regulars.channels.actions.delivery import note_deliveries
from regulars.channels.actions.optouts import opt_out
from regulars.channels.actions.parts import put_together
from regulars.channels.events import MessagesHeard
from regulars.channels.kind import (
    HEARD_MAX,
    Heard,
    Told,
    address_kind_of,
    normal_address_on,
)
from regulars.channels.models import HeardMessage, KnownAddress
from regulars.channels.rules.replies import is_stop
from regulars.core.events import publish
from regulars.core.texts import keepable
from regulars.customers.models import Identity

KEY_MAX, ADDRESS_MAX = 150, 254


@transaction.atomic
def take(kind: str, told: Told, *, now: datetime) -> list[int]:
    """Put all that a provider's call says on record; the ids of messages not heard before."""
    note_deliveries(kind, told.deliveries, now=now)
    return hear(kind, [*told.heard, *put_together(kind, told.parts, now=now)], now=now)


@transaction.atomic
def hear(kind: str, batch: Sequence[Heard], *, now: datetime) -> list[int]:
    """Write down what people sent us, each message once; the ids of those not heard before.

    Words are cut at 4000 characters and keep no control characters. Whoever writes a stop word is
    off the list of the channel from this moment.
    """
    rows = [_row(kind, one, now=now) for one in batch if one.key and one.address.strip()]
    if not rows:
        return []
    owners = owners_on(kind, [row.address for row in rows])
    for row in rows:
        row.customer_id = owners.get(row.address)
    known = set(
        HeardMessage.objects.filter(channel=kind, key__in=[row.key for row in rows]).values_list(
            "key", flat=True
        )
    )
    HeardMessage.objects.bulk_create(rows, ignore_conflicts=True)
    new = HeardMessage.objects.filter(channel=kind, key__in={row.key for row in rows} - known)
    written = list(new.order_by("pk"))
    for row in written:
        if is_stop(row.text):
            _stop(row, now=now)
    if written:
        publish(MessagesHeard(heard_ids=tuple(row.pk for row in written)))
    return [row.pk for row in written]


def _row(kind: str, one: Heard, *, now: datetime) -> HeardMessage:
    key = one.key if len(one.key) <= KEY_MAX else Heard.key_for(one.key)
    return HeardMessage(
        channel=kind,
        key=key if keepable(key) == key else Heard.key_for(key),
        address=normal_address_on(kind, keepable(one.address[:ADDRESS_MAX])),
        text=keepable(one.text[:HEARD_MAX]).strip(),
        received_at=now,
    )


def _stop(row: HeardMessage, *, now: datetime) -> None:
    opt_out(
        channel=row.channel,
        address=row.address,
        now=now,
        source="message",
        customer_id=row.customer_id,
        proof={"heard": row.pk, "words": row.text},
    )


def owners_on(kind: str, addresses: Sequence[str]) -> dict[str, int]:
    """Whose addresses these are: by identity, or by what a conversation showed."""
    identity = address_kind_of(kind)
    if identity:
        found = Identity.objects.filter(kind=identity, value__in=addresses)
        return dict(found.values_list("value", "customer_id"))
    known = KnownAddress.objects.filter(channel=kind, address__in=addresses)
    return dict(known.values_list("address", "customer_id"))


@transaction.atomic
def know_addresses(kind: str, owners: Mapping[str, int], *, now: datetime) -> None:
    """Remember whose addresses these are from now on; the last word counts."""
    rows = [
        KnownAddress(channel=kind, address=address, customer_id=customer_id, since=now)
        for address, customer_id in owners.items()
    ]
    KnownAddress.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["channel", "address"],
        update_fields=["customer", "since"],
    )
