"""Draining: what stands in the append table becomes tracked events, purchases and returns.

One worker drains at a time, in the order of arrival. Parcels are ticked off in the transaction that
records what is in them, and messages are counted once, so nothing is lost or doubled wherever it is
cut off.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from regulars.connectors.collect.appending import insert_letters
from regulars.connectors.collect.calls import Fault
from regulars.connectors.collect.checking import Letter, letter_of
from regulars.connectors.collect.orders import record_orders
from regulars.connectors.collect.parcels import frames
from regulars.connectors.collect.reading import Arrived, read_request
from regulars.connectors.models import DeadLetter, EventSource, Parcel
from regulars.customers.actions import TrackedInput, record_tracked_events
from regulars.customers.models import TrackedEvent

KEPT_FOR = timedelta(days=1)
"""How long parcels stay after they were drained."""

CALLS_AT_ONCE = 2_000
BYTES_AT_ONCE = 2 * 1024 * 1024
PAUSE_S = 0.4
_LOCK = 7_205_759_403_792

_log = logging.getLogger(__name__)

Read = tuple[Arrived, TrackedInput]


def drain_parcels(*, now: datetime) -> int:
    """Record everything that waits in the append table; gives how many calls that were."""
    total = 0
    while (count := _drain_some(now=now)) is not None:
        total += count
    return total


@transaction.atomic
def _drain_some(*, now: datetime) -> int | None:
    """Record the next few parcels; None where none waits, or another worker is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(
            """SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before
                FROM (SELECT id, size FROM connectors_parcel WHERE drained_at IS NULL
                    ORDER BY id LIMIT 500) AS next) AS summed
            WHERE before < %s""",
            [BYTES_AT_ONCE],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if not ids:
        return None
    count = 0
    for portion in _portions(Parcel.objects.filter(pk__in=ids).order_by("id")):
        _record(portion, now=now)
        count += len(portion)
    Parcel.objects.filter(pk__in=ids).update(drained_at=now)
    return count


def _portions(parcels: Iterable[Parcel]) -> Iterator[list[Arrived]]:
    """The calls of parcels in portions of bearable size."""
    calls: list[Arrived] = []
    for parcel in parcels:
        for head, body in frames(parcel.body):
            calls += read_request(head, body)
            if len(calls) >= CALLS_AT_ONCE:
                yield calls
                calls = []
    if calls:
        yield calls


def _record(arrived: Sequence[Arrived], *, now: datetime) -> None:
    sources = {row.code: row for row in EventSource.objects.all()}
    read = [(one, one.said) for one in arrived if isinstance(one.said, TrackedInput)]
    faults = [(one, one.said) for one in arrived if isinstance(one.said, Fault)]
    faults += _recorded(read, now=now)
    letters = [_letter(one, fault, sources) for one, fault in faults]
    by_message = {call.message_id: one for one, call in read}
    for note in record_orders([call for _one, call in read], sources, now=now):
        fault = Fault("order", note.field, note.rule)
        letter = _letter(by_message[note.call.message_id], fault, sources)
        # The event itself is on record; a later dead letter of the same message is another matter.
        name = f"order:{letter.message_id}"[:254]
        letters.append(letter._replace(message_id=name, state="accepted"))
    if letters:
        insert_letters(letters)
    if faults:
        _wait_again(letters[: len(faults)])


def _wait_again(letters: Sequence[Letter]) -> None:
    """Have dead letters wait that were let in or sent again, and whose events could not be recorded.

    A message that is on record by now, by a repaired letter, is left alone.
    """
    failed = {(one.source_id, one.message_id): one for one in letters}
    messages = {message for _source, message in failed}
    codes = dict(EventSource.objects.values_list("code", "id"))
    on_record = {
        (codes.get(source), message)
        for source, message in TrackedEvent.objects.filter(
            source__in=codes, message_id__in=messages
        ).values_list("source", "message_id")
    }
    settled = DeadLetter.objects.filter(
        message_id__in=messages, state__in=("accepted", "resent")
    ).select_for_update(of=("self",))
    waiting = []
    for row in settled:
        key = (row.source_id, row.message_id)
        if key in failed and key not in on_record:
            row.body, row.reason = failed[key].body, failed[key].reason
            row.path, row.rule = failed[key].path, failed[key].rule
            row.state, row.settled_at = "waiting", None
            waiting.append(row)
    fields = ("body", "reason", "path", "rule", "state", "settled_at")
    DeadLetter.objects.bulk_update(waiting, fields)


def _recorded(read: Sequence[Read], *, now: datetime) -> Iterator[tuple[Arrived, Fault]]:
    """Record calls, and give those that could not be, with the reason.

    A call that the database refuses must not hold up all that come after it, so a portion that
    fails is halved until the guilty call stands alone.
    """
    if not read:
        return
    try:
        with transaction.atomic():
            answers = record_tracked_events([call for _one, call in read], now=now)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError, TypeError, KeyError) as error:
        _log.exception("a portion of %s calls cannot be recorded", len(read))
        if len(read) == 1:
            yield read[0][0], Fault("failed", "", repr(error))
            return
        middle = len(read) // 2
        yield from _recorded(read[:middle], now=now)
        yield from _recorded(read[middle:], now=now)
        return
    for (one, _call), answer in zip(read, answers, strict=True):
        if refused := answer.refused:
            yield one, Fault(refused.code, refused.field or "", str(refused.message))


def _letter(one: Arrived, fault: Fault, sources: Mapping[str, EventSource]) -> Letter:
    """A dead letter for a call that was let in by the door and could not be recorded."""
    head = one.head
    return letter_of(
        one.raw,
        fault,
        source_id=sources[head.source].pk,
        kind=head.kind,
        outer=one.outer,
        now=head.received_at,
    )


def tend_parcels(stop: threading.Event) -> None:
    """Drain what arrives until told to stop, looking a few times a second."""
    while not stop.wait(PAUSE_S):
        try:
            drain_parcels(now=timezone.now())
        except (DatabaseError, InterfaceError):
            _log.exception("draining failed and is tried again")
            connection.close()
            stop.wait(2)
    connection.close()


def forget_parcels(*, now: datetime, kept_for: timedelta = KEPT_FOR) -> int:
    """Delete parcels whose events are on record that long; gives how many there were."""
    return Parcel.objects.filter(drained_at__lt=now - kept_for).delete()[0]
