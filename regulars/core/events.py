"""Events: facts that travel upwards, one delivery for each handler, never without their cause.

`publish` writes the event and a delivery for each handler in the caller's transaction, and enqueues
one job for them all: nobody hears of what was rolled back, nobody misses what was not. Where work
comes in batches, so do events: one event carries the ids of the whole batch.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import transaction
from django.db.models.functions import Now

from regulars.core.jobs import job
from regulars.core.models import Delivery
from regulars.core.sql import cursor_for, json_array, text_array


class Event:
    """The base of all events: a frozen dataclass of plain values, named in the past tense."""


AnyEvent = TypeVar("AnyEvent", bound=Event)
Handler = Callable[[AnyEvent], None]

_handlers: dict[str, dict[str, Callable[[Any], None]]] = {}
_kinds: dict[str, type[Event]] = {}


def on(kind: type[AnyEvent]) -> Callable[[Handler[AnyEvent]], Handler[AnyEvent]]:
    """A decorator: the function is called for each event of that kind, at least once.

    The handler runs in a transaction together with the tick of its delivery, so what it writes
    to this database happens once; what it sends elsewhere must bear repetition.
    """

    def register(handler: Handler[AnyEvent]) -> Handler[AnyEvent]:
        name = f"{handler.__module__}.{handler.__qualname__}"
        _handlers.setdefault(kind_name(kind), {})[name] = handler
        _kinds[kind_name(kind)] = kind
        return handler

    return register


def publish(event: Event) -> None:
    """Tell everyone who listens, once this transaction commits. Two statements."""
    assert transaction.get_connection().in_atomic_block, "publish where the change is made"
    waiting = _together.get()
    if waiting is None:
        _write([event])
    else:
        waiting.append(event)


@contextmanager
def together() -> Iterator[None]:
    """Events published inside are written as it ends, in their order: two statements for all of them.

    Use it inside the transaction. After an error nothing is written.
    """
    if _together.get() is not None:
        yield
        return
    events: list[Event] = []
    token = _together.set(events)
    try:
        yield
    finally:
        _together.reset(token)
    if events:
        _write(events)


def _write(events: Sequence[Event]) -> None:
    names = [kind_name(type(event)) for event in events]
    heard = [
        (name, handler) for name in dict.fromkeys(names) for handler in _handlers.get(name, {})
    ]
    with cursor_for(len(events)) as cursor:
        cursor.execute(
            _WRITE,
            [
                text_array(names),
                json_array([_plain(event) for event in events]),
                text_array([name for name, _ in heard]),
                text_array([handler for _, handler in heard]),
            ],
        )
        deliveries = sorted(row[0] for row in cursor.fetchall())
    if deliveries:
        deliver_all.enqueue(delivery_ids=deliveries)


_WRITE = """WITH event AS (
    INSERT INTO core_event (name, body)
    SELECT name, body FROM unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY
        AS given (name, body, place) ORDER BY place
    RETURNING id, name
)
INSERT INTO core_delivery (event_id, handler, failure)
SELECT event.id, heard.handler, '' FROM event
JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS heard (name, handler, place) USING (name)
ORDER BY event.id, heard.place
RETURNING id"""

_together: ContextVar[list[Event] | None] = ContextVar("together", default=None)


@job(queue="fast")
def deliver_all(*, delivery_ids: Sequence[int]) -> None:
    """Hand events to their handlers, one after the other; a handler that fails holds up no other.

    It is tried again by a job of its own.
    """
    failed = []
    for delivery_id in delivery_ids:
        try:
            _deliver(delivery_id)
        except Exception:  # noqa: BLE001 (whatever it is, its own job says so and tries again)
            failed.append({"delivery_id": delivery_id})
    deliver.enqueue_many(failed)


@job(queue="fast")
def deliver(*, delivery_id: int) -> None:
    """Hand one event to one handler, and tick it off in the same transaction.

    A failure is written beside the delivery before the job is tried again, so that people see it.
    """
    try:
        _deliver(delivery_id)
    except Exception as error:
        Delivery.objects.filter(pk=delivery_id).update(failure=repr(error)[:2000])
        raise


def _deliver(delivery_id: int) -> None:
    with transaction.atomic():
        delivery = (
            Delivery.objects.select_for_update(of=("self",))
            .select_related("event")
            .get(pk=delivery_id)
        )
        if delivery.delivered_at is not None:
            return
        handler = _handlers.get(delivery.event.name, {}).get(delivery.handler)
        if handler is not None:
            handler(_kinds[delivery.event.name](**_tuples(delivery.event.body)))
        Delivery.objects.filter(pk=delivery_id).update(delivered_at=Now(), failure="")


def kind_name(kind: type[Event]) -> str:
    """The name an event is stored under: its domain and its class, `customers.PurchasesRecorded`."""
    return f"{kind.__module__.split('.')[1]}.{kind.__name__}"


def listeners() -> dict[str, list[str]]:
    """The handlers of each event by name, for documentation and `doctor`."""
    return {name: sorted(handlers) for name, handlers in sorted(_handlers.items())}


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}


def _plain(event: Event) -> dict[str, Any]:
    """The fields of an event; not `asdict`, which copies every one of ten thousand ids."""
    return {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}  # type: ignore[arg-type]
