"""Events: facts that travel upwards, one delivery for each handler, never without their cause.

`publish` writes the event and enqueues one job for each handler in the caller's transaction: nobody
hears of what was rolled back, nobody misses what was not. Where work comes in batches, so do
events: one event carries the ids of the whole batch.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.db.models.functions import Now

from regulars.core.jobs import job
from regulars.core.models import Delivery
from regulars.core.models import Event as EventRow


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
    """Tell everyone who listens, once this transaction commits; three statements at most."""
    assert transaction.get_connection().in_atomic_block, "publish where the change is made"
    name = kind_name(type(event))
    handlers = _handlers.get(name, {})
    row = EventRow.objects.create(name=name, body=_plain(event))
    if not handlers:
        return
    deliveries = Delivery.objects.bulk_create(
        [Delivery(event=row, handler=handler) for handler in handlers]
    )
    deliver.enqueue_many([{"delivery_id": delivery.pk} for delivery in deliveries])


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
