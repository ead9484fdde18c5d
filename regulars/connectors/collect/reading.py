"""Reading the requests of a parcel into calls that can be recorded."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from regulars.connectors.collect.calls import (
    TRAITS,
    UNREADABLE,
    Fault,
    batch_decoder,
    merged,
    message_id_of,
    named,
)
from regulars.connectors.collect.checking import outer_of
from regulars.connectors.collect.parcels import Head
from regulars.customers.rules.tracked import TrackedInput, happened_at

_decoder = msgspec.json.Decoder()
_NAMES = {"track": "event", "group": "groupId", "alias": "previousId"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Arrived(NamedTuple):
    """A call as it came, what its batch said for all, and what it says; or why it says nothing."""

    raw: bytes
    head: Head
    outer: Mapping[str, Any]
    said: TrackedInput | Fault


def read_request(head: Head, body: bytes) -> Iterator[Arrived]:
    """The calls of a request in their order.

    Calls that became dead letters at the door are left out; the others have kept its rules.
    """
    if head.kind:
        yield Arrived(body, head, {}, _read(head, body, outer={}, is_flawed=bool(head.flawed)))
        return
    outer = outer_of(body)
    for place, raw in enumerate(batch_decoder.decode(body).batch):
        if place not in head.skipped:
            said = _read(head, raw, outer=outer, is_flawed=place in head.flawed)
            yield Arrived(bytes(raw), head, outer, said)


def fault_of_reading(body: bytes, kind: str, source: str, now: datetime) -> Fault | None:
    """Why a single call that its door lets in cannot be recorded; None where it can."""
    said = _read(Head(source, now, kind), body, outer={}, is_flawed=False)
    return said if isinstance(said, Fault) else None


def _read(
    head: Head, raw: bytes | msgspec.Raw, *, outer: Mapping[str, Any], is_flawed: bool
) -> TrackedInput | Fault:
    try:
        call = merged(_decoder.decode(raw), outer)
        original_at = moment_of(call.get("originalTimestamp") or call.get("timestamp"))
        sent_at = moment_of(call.get("sentAt"))
    except UNREADABLE as error:
        return Fault("unreadable", "", str(error)[:300])
    except (ValueError, TypeError, OverflowError):
        return Fault("bad_time", "timestamp", "a moment such as 2026-03-02T12:00:00.000Z")
    kind = head.kind or call["type"]
    properties = call.get("traits" if kind in TRAITS else "properties")
    properties = properties if isinstance(properties, dict) else {}
    if call.get("category") and kind in {"page", "screen"}:
        properties.setdefault("category", call["category"])
    context = call.get("context")
    return TrackedInput(
        source=head.source,
        message_id=message_id_of(call.get("messageId"), bytes(raw)),
        type=kind,
        name=named(call.get(_NAMES.get(kind, "name"))),
        user_id=named(call.get("userId")),
        anonymous_id=named(call.get("anonymousId")),
        at=happened_at(head.received_at, original_at=original_at, sent_at=sent_at),
        original_at=original_at,
        sent_at=sent_at,
        received_at=head.received_at,
        properties=properties,
        context=context if isinstance(context, dict) else {},
        is_flawed=is_flawed,
    )


def moment_of(value: Any) -> datetime | None:
    """A moment as clients write it: ISO 8601, without an offset in UTC; or milliseconds of the epoch.

    >>> moment_of("2026-03-02T12:00:00Z") == moment_of(1772452800000)
    True
    """
    if value is None or value == "":
        return None
    if isinstance(value, int | float):
        return _EPOCH + timedelta(milliseconds=value)
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
