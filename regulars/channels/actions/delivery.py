"""Sending what was let out: in batches, tried again after failures, seen when it fails for good."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from regulars.channels.events import MessagesFailed, MessagesSent
from regulars.channels.kind import ChannelKind, Letter, Receipt
from regulars.channels.models import Message
from regulars.channels.queries import channel_of, unsubscribe_url
from regulars.channels.rules import ATTEMPTS_MAX, BATCH, PICK_UP_AFTER, pause_after
from regulars.core.errors import Permanent, Retry
from regulars.core.events import publish
from regulars.core.jobs import every, job
from regulars.core.sql import int_array, text_array, time_array

SETTLED_AT_ONCE = 50
DUE_AT_ONCE = 20_000


@job(queue="bulk")
def deliver_messages(*, message_ids: Sequence[int]) -> None:
    """Send a batch of one channel; what happened to each is on record every fifty messages.

    Claimed messages belong to this job for ten minutes. After a crash in the middle at most
    fifty are sent again, under the same Message-ID.
    """
    now = timezone.now()
    claimed = _claim(message_ids, now=now)
    by_channel: dict[str, list[Message]] = {}
    for message in claimed:
        by_channel.setdefault(message.channel, []).append(message)
    for kind, messages in by_channel.items():
        _send(channel_of(kind), messages)


def _claim(message_ids: Sequence[int], *, now: datetime) -> list[Message]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE channels_message SET state = 'sending', attempts = attempts + 1, due_at = %s
            WHERE id IN (SELECT id FROM channels_message
                         WHERE id = ANY(%s::bigint[])
                           AND (state = 'waiting' OR state = 'sending' AND due_at <= %s)
                         ORDER BY id FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [now + PICK_UP_AFTER, int_array(message_ids), now],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Message.objects.filter(pk__in=ids).order_by("pk"))


def _send(kind: ChannelKind, messages: Sequence[Message]) -> None:
    left = {message.pk: message for message in messages}
    receipts = _receipts(kind, messages)
    while chunk := list(islice(receipts, SETTLED_AT_ONCE)):
        settle([(left.pop(receipt.message_id).attempts, receipt) for receipt in chunk])


def _receipts(kind: ChannelKind, messages: Sequence[Message]) -> Iterable[Receipt]:
    """A receipt for every message, also when the channel gives up in the middle."""
    left = {message.pk for message in messages}
    try:
        for receipt in kind.send([kind.prepare(_letter(message)) for message in messages]):
            left.discard(receipt.message_id)
            yield receipt
        outcome, failure = "failed", "the channel gave no receipt"
    except Retry as later:
        outcome, failure = "retry", str(later)
    except Permanent as never:
        outcome, failure = "failed", str(never)
    for message_id in sorted(left):
        yield Receipt(message_id, outcome, failure)


def _letter(message: Message) -> Letter:
    return Letter(
        message_id=message.pk,
        address=message.address,
        subject=message.subject,
        text=message.text,
        html=message.html,
        unsubscribe_url=unsubscribe_url(message),
    )


@transaction.atomic
def settle(receipts: Sequence[tuple[int, Receipt]]) -> None:
    """Write down what became of messages, given with how often each was tried; one statement."""
    now = timezone.now()
    settled = [(receipt, *_outcome(attempts, receipt, now=now)) for attempts, receipt in receipts]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE channels_message message
            SET state = given.state, failure = given.failure, due_at = given.due_at,
                sent_at = CASE WHEN given.state = 'sent' THEN %s::timestamptz END
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
                 AS given (id, state, failure, due_at)
            WHERE message.id = given.id AND message.state = 'sending'
            """,
            [
                now,
                int_array(receipt.message_id for receipt, _, _ in settled),
                text_array(state for _, state, _ in settled),
                text_array(receipt.failure[:2000] for receipt, _, _ in settled),
                time_array(due_at for _, _, due_at in settled),
            ],
        )
    _tell(settled)


def _outcome(attempts: int, receipt: Receipt, *, now: datetime) -> tuple[str, datetime]:
    if receipt.outcome == "retry" and attempts < ATTEMPTS_MAX:
        return "waiting", now + pause_after(attempts)
    return ("sent" if receipt.outcome == "sent" else "failed"), now


def _tell(settled: Sequence[tuple[Receipt, str, datetime]]) -> None:
    sent = tuple(receipt.message_id for receipt, state, _ in settled if state == "sent")
    failed = tuple(receipt.message_id for receipt, state, _ in settled if state == "failed")
    if sent:
        publish(MessagesSent(message_ids=sent))
    if failed:
        publish(MessagesFailed(message_ids=failed))


@every("* * * * *")
def send_due_messages(timestamp: int) -> None:
    """Take up again what is due: tries that failed, and messages whose job was lost."""
    take_up(now=timezone.now())


@transaction.atomic
def take_up(*, now: datetime) -> int:
    """Enqueue due messages in batches, gives how many; each is left alone for ten minutes after."""
    due: Any = Message.objects.filter(state__in=("waiting", "sending"), due_at__lte=now)
    ids = list(due.order_by("pk").values_list("pk", flat=True)[:DUE_AT_ONCE])
    Message.objects.filter(pk__in=ids, state="waiting").update(due_at=now + PICK_UP_AFTER)
    Message.objects.filter(pk__in=ids, state="sending").update(
        state="waiting", due_at=now + PICK_UP_AFTER
    )
    deliver_messages.enqueue_many(
        [{"message_ids": ids[start : start + BATCH]} for start in range(0, len(ids), BATCH)]
    )
    return len(ids)


def retry_failed(message_ids: Sequence[int], *, now: datetime) -> int:
    """Try failed messages again from the start; gives how many there were."""
    failed = Message.objects.filter(pk__in=message_ids, state="failed")
    count = failed.update(state="waiting", attempts=0, due_at=now - timedelta(seconds=1))
    take_up(now=now)
    return count
