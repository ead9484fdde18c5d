"""Sending what was let out: in batches, tried again after failures, seen when it fails for good."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from regulars.channels.actions.optouts import close_addresses
from regulars.channels.actions.parts import keep_parts, whole_deliveries
from regulars.channels.events import MessagesFailed, MessagesRefused, MessagesSent
from regulars.channels.kind import (
    ChannelKind,
    Delivery,
    Letter,
    Receipt,
    kinds_with_lines,
    leaving,
)
from regulars.channels.models import Message
from regulars.channels.queries.channels import (
    channel_of,
    preferences_url,
    reader_of,
    unsubscribe_url,
)
from regulars.channels.queries.door import Ask, Verdict, may_contact_many
from regulars.channels.rules import (
    ATTEMPTS_MAX,
    BATCH,
    PICK_UP_AFTER,
    TO_EMPLOYEE,
    pause_after,
    reason_for,
)
from regulars.core.errors import Permanent, Retry
from regulars.core.events import publish
from regulars.core.jobs import every, job
from regulars.core.sql import int_array, text_array, time_array
from regulars.core.texts import keepable

SETTLED_AT_ONCE = 50
DUE_AT_ONCE = 20_000


@job(queue="bulk")
def deliver_messages(*, message_ids: Sequence[int]) -> None:
    """Send a batch of one channel; what happened to each is on record every fifty messages.

    Claimed messages belong to this job for ten minutes. After a crash in the middle at most
    fifty are sent again, under the same Message-ID. What leaves over a line is left to its keeper.
    """
    now = timezone.now()
    claimed = _claim(message_ids, but_of=kinds_with_lines(), now=now)
    by_channel: dict[str, list[Message]] = {}
    for message in _still_welcome(claimed, now=now):
        by_channel.setdefault(message.channel, []).append(message)
    for kind, messages in by_channel.items():
        _send(channel_of(kind), messages)


def deliver_over_line(name: str, kind: ChannelKind, *, limit: int, now: datetime) -> int:
    """Send the oldest due messages of a channel over its open line; how many there were.

    After a crash in the middle, or a break of the line, at most those without an answer are sent
    again: no more than the channel lets be under way at once.
    """
    due = Message.objects.filter(channel=name, state__in=("waiting", "sending"), due_at__lte=now)
    ids = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])
    if ids and (welcome := _still_welcome(_claim(ids, now=now), now=now)):
        _send(kind, welcome)
    return len(ids)


def _claim(
    message_ids: Sequence[int], *, now: datetime, but_of: Sequence[str] = ()
) -> list[Message]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE channels_message SET state = 'sending', attempts = attempts + 1, due_at = %s
            WHERE id IN (SELECT id FROM channels_message
                         WHERE id = ANY(%s::bigint[])
                           AND (state = 'waiting' OR state = 'sending' AND due_at <= %s)
                           AND NOT channel = ANY(%s::text[])
                         ORDER BY id FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [now + PICK_UP_AFTER, int_array(message_ids), now, text_array(but_of)],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Message.objects.filter(pk__in=ids).order_by("pk"))


def _still_welcome(claimed: Sequence[Message], *, now: datetime) -> list[Message]:
    """Those that may leave now; the door is asked again, because people may have said no meanwhile.

    The others are refused, or wait for the end of quiet hours.
    """
    asks = [
        Ask(
            purpose=message.purpose,
            customer_id=message.customer_id,
            address=message.address,
            channel=message.channel,
            survey=message.survey,
            same_as=message.same_as,
            is_reminder=message.is_reminder,
            message_id=message.pk,
            in_reply_to=message.in_reply_to_id,
        )
        for message in claimed
    ]
    judged = list(zip(claimed, may_contact_many(asks, now=now), strict=True)) if asks else []
    _hold_back([each for each in judged if not _may_leave(each[1], now=now)], now=now)
    return [message for message, verdict in judged if _may_leave(verdict, now=now)]


def _may_leave(verdict: Verdict, *, now: datetime) -> bool:
    return verdict.allowed and (verdict.send_at or now) <= now


@transaction.atomic
def _hold_back(judged: Sequence[tuple[Message, Verdict]], *, now: datetime) -> None:
    """Refuse messages, or have them wait; what the budget moved once is not moved again."""
    if not judged:
        return
    refused = []
    for message, verdict in judged:
        if verdict.allowed and not verdict.rule:
            message.state, message.due_at = "waiting", verdict.send_at or now
            continue
        message.state = "refused"
        message.reason = verdict.code or "asked_enough"
        message.failure = verdict.reason or reason_for(message.reason)
        refused.append(message.pk)
    Message.objects.bulk_update(
        [message for message, _ in judged], ["state", "due_at", "reason", "failure"]
    )
    if refused:
        publish(MessagesRefused(message_ids=tuple(refused)))


def _send(kind: ChannelKind, messages: Sequence[Message]) -> None:
    left = {message.pk: message for message in messages}
    receipts = _receipts(kind, messages)
    # Who writes back may do so before the next letter has left, and is looked up by what is settled.
    at_once = 1 if kind.capabilities.is_conversation else SETTLED_AT_ONCE
    while chunk := _next(receipts, at_once):
        settle([(left.pop(receipt.message_id).attempts, receipt) for receipt in chunk])


def _next(receipts: Iterator[Receipt], count: int) -> list[Receipt]:
    with leaving():
        return list(islice(receipts, count))


def _receipts(kind: ChannelKind, messages: Sequence[Message]) -> Iterator[Receipt]:
    """A receipt for every message, also when the channel gives up in the middle."""
    left = {message.pk for message in messages}
    for message in messages:
        if message.attempts > ATTEMPTS_MAX:
            left.discard(message.pk)
            yield Receipt(message.pk, "failed", "every try broke off before its end")
    try:
        letters = [
            kind.prepare(_letter(kind, message)) for message in messages if message.pk in left
        ]
        for receipt in kind.send(letters):
            left.discard(receipt.message_id)
            yield receipt
        outcome, failure = "failed", "the channel gave no receipt"
    except Retry as later:
        outcome, failure = "retry", str(later)
    except Permanent as never:
        outcome, failure = "failed", str(never)
    for message_id in sorted(left):
        yield Receipt(message_id, outcome, failure)


def _letter(kind: ChannelKind, message: Message) -> Letter:
    """The message with its way to the page where the reader chooses what we may write.

    In a conversation that is a word to send back, and a reply says nothing about it. A letter to an
    employee goes as it is: what customers choose is not theirs to choose.
    """
    if kind.capabilities.is_conversation:
        return _short_letter(kind, message)
    if message.purpose == TO_EMPLOYEE:
        return Letter(message.pk, message.address, message.subject, message.text, message.html, "")
    link = preferences_url(reader_of(message))
    with translation.override(message.language if message.language in ("en", "ru") else "en"):
        words = gettext("Choose what we may write to you")
    footer = f'<p style="text-align:center"><a href="{link}">{words}</a></p>'
    return Letter(
        message_id=message.pk,
        address=message.address,
        subject=message.subject,
        text=f"{message.text.rstrip()}\n\n{words}: {link}\n",
        html=message.html and _with_footer(message.html, footer),
        unsubscribe_url=unsubscribe_url(message),
    )


def _short_letter(kind: ChannelKind, message: Message) -> Letter:
    text = message.text.strip()
    if message.in_reply_to_id is None:
        with translation.override(message.language if message.language in ("en", "ru") else "en"):
            text += "\n" + gettext("Send STOP to get no more messages.")
    buttons = tuple((sent, label) for sent, label in message.buttons)
    return Letter(
        message_id=message.pk,
        address=message.address,
        subject="",
        text=text,
        html="",
        unsubscribe_url="",
        link=message.link,
        buttons=buttons if kind.capabilities.has_buttons else (),
    )


def _with_footer(html: str, footer: str) -> str:
    body, end, rest = html.rpartition("</body>")
    return f"{body}{footer}{end}{rest}" if end else html + footer


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
                sent_at = CASE WHEN given.state = 'sent' THEN %s::timestamptz END,
                contact_at = CASE WHEN given.state = 'sent' THEN %s::timestamptz ELSE contact_at END,
                outside_id = given.outside_id
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
                 AS given (id, state, failure, due_at, outside_id)
            WHERE message.id = given.id AND message.state = 'sending'
            """,
            [
                now,
                now,
                int_array(receipt.message_id for receipt, _, _ in settled),
                text_array(state for _, state, _ in settled),
                text_array(keepable(receipt.failure[:2000]) for receipt, _, _ in settled),
                time_array(due_at for _, _, due_at in settled),
                text_array(keepable(receipt.outside_id[:150]) for receipt, _, _ in settled),
            ],
        )
    keep_parts(receipt for _, receipt in receipts)
    _close_dead([receipt.message_id for _, receipt in receipts if receipt.is_dead], now=now)
    _tell(settled)


def _close_dead(message_ids: Sequence[int], *, now: datetime) -> None:
    """Nothing goes again to where a server says that nobody is."""
    if message_ids:
        rows = Message.objects.filter(pk__in=message_ids).values_list("channel", "address")
        close_addresses(list(rows), "bounce", now=now)


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


@transaction.atomic
def note_deliveries(kind: str, batch: Sequence[Delivery], *, now: datetime) -> int:
    """Note on messages that were sent what became of them; how many there were. Two statements.

    What a report calls failed was no contact, so it does not use up the budget.
    """
    if not batch:
        return 0
    batch = whole_deliveries(
        kind,
        [
            replace(one, outside_id=keepable(one.outside_id), failure=keepable(one.failure))
            for one in batch
        ],
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE channels_message message
            SET delivered_at = CASE WHEN given.is_delivered = 1 THEN %s::timestamptz END,
                state = CASE WHEN given.is_delivered = 1 THEN state ELSE 'failed' END,
                failure = given.failure
            FROM unnest(%s::text[], %s::int[], %s::text[]) AS given (outside_id, is_delivered, failure)
            WHERE message.channel = %s AND message.outside_id = given.outside_id
              AND message.outside_id <> '' AND message.state = 'sent'
              AND message.delivered_at IS NULL
            RETURNING message.id, message.state
            """,
            [
                now,
                text_array(one.outside_id for one in batch),
                int_array(int(one.outcome == "delivered") for one in batch),
                text_array(one.failure[:500] for one in batch),
                kind,
            ],
        )
        noted = cursor.fetchall()
    if failed := tuple(pk for pk, state in noted if state == "failed"):
        publish(MessagesFailed(message_ids=failed))
    return len(noted)


def note_failures(failures: Mapping[int, str]) -> None:
    """Note on sent messages, by their ids, why they did not arrive after all. One statement."""
    if not failures:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE channels_message message
            SET state = 'failed', failure = given.failure, delivered_at = NULL
            FROM unnest(%s::bigint[], %s::text[]) AS given (id, failure)
            WHERE message.id = given.id AND message.state = 'sent'
            RETURNING message.id
            """,
            [int_array(failures), text_array(failures.values())],
        )
        failed = tuple(row[0] for row in cursor.fetchall())
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
    due = due.exclude(channel__in=kinds_with_lines())
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
