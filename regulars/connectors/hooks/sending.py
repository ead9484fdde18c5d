"""Delivering webhook messages: claimed in small batches, every try on record, tried again later.

A destination that fails rests: the batch ends there, and its messages wait for their turns, so
that a dead one costs a single wait at each step of the back-off.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from regulars.connectors.actions.webhooks import send_webhook
from regulars.connectors.hooks.calling import Answer, call
from regulars.connectors.models import Webhook, WebhookAttempt, WebhookMessage
from regulars.connectors.rules.webhooks import (
    OFF_AFTER,
    headers_of,
    pause_after,
    secrets_in_force,
)
from regulars.core.jobs import every

AT_ONCE = 20
PICK_UP_AFTER = timedelta(minutes=10)
"""Claimed messages belong to their job for so long; after a crash another takes them."""

KEPT_FOR = timedelta(days=30)
GONE = 410


def send_due(webhook_id: int) -> int:
    """Send what is due to one webhook until nothing is, or a try fails; says how many went."""
    sent = 0
    while claimed := _claim(webhook_id, now=timezone.now()):
        for at, message in enumerate(claimed):
            if not _sent(message):
                _release(claimed[at + 1 :])
                return sent
            sent += 1
    return sent


@transaction.atomic
def _claim(webhook_id: int, *, now: datetime) -> list[WebhookMessage]:
    """A batch of due messages, held for ten minutes; none while the webhook rests or is off."""
    webhook = Webhook.objects.filter(pk=webhook_id, is_on=True).first()
    if webhook is None or (webhook.rests_until and webhook.rests_until > now):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE connectors_webhookmessage SET state = 'sending', due_at = %s
            WHERE id IN (SELECT id FROM connectors_webhookmessage
                WHERE webhook_id = %s AND state IN ('waiting', 'sending') AND due_at <= %s
                ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id""",
            [now + PICK_UP_AFTER, webhook_id, now, AT_ONCE],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(WebhookMessage.objects.filter(pk__in=ids).select_related("webhook").order_by("pk"))


def _release(messages: Sequence[WebhookMessage]) -> None:
    ids = [one.pk for one in messages]
    left = WebhookMessage.objects.filter(pk__in=ids, state="sending")
    left.update(state="waiting", due_at=timezone.now())


def _sent(message: WebhookMessage) -> bool:
    """One try; whether the other side took it."""
    now = timezone.now()
    signing = secrets_in_force(message.webhook.secrets, now)
    headers = headers_of(
        signing, message_id=message.public_id, timestamp=int(now.timestamp()), body=message.body
    )
    answer = call(message.webhook.url, headers=headers, body=message.body)
    _settle(message, answer, now=now)
    return answer.is_good


@transaction.atomic
def _settle(message: WebhookMessage, answer: Answer, *, now: datetime) -> None:
    WebhookAttempt.objects.create(
        message=message,
        at=now,
        status=answer.status,
        failure=answer.failure,
        answer=answer.text,
        took_ms=answer.took_ms,
    )
    message.attempts += 1
    if answer.is_good:
        message.state, message.settled_at = "sent", now
        Webhook.objects.filter(pk=message.webhook_id).update(failing_since=None, rests_until=None)
    else:
        _put_off(message, answer, now=now)
    message.save(update_fields=["attempts", "state", "settled_at", "due_at"])


def _put_off(message: WebhookMessage, answer: Answer, *, now: datetime) -> None:
    """When to try again, or that it is over; and what that says of the destination."""
    pause = pause_after(message.attempts)
    if pause is None or answer.status == GONE:
        message.state, message.settled_at = "failed", now
    else:
        pause = max(pause, timedelta(seconds=answer.wait_s))
        message.state, message.due_at = "waiting", now + pause
        send_webhook.enqueue_at(message.due_at, webhook_id=message.webhook_id)
    webhook = Webhook.objects.select_for_update().get(pk=message.webhook_id)
    webhook.failing_since = webhook.failing_since or now
    webhook.rests_until = message.due_at if message.state == "waiting" else None
    if answer.status == GONE:
        webhook.is_on, webhook.off_reason = False, "gone"
    elif now - webhook.failing_since >= OFF_AFTER:
        webhook.is_on, webhook.off_reason = False, "failing"
    webhook.save(update_fields=["failing_since", "rests_until", "is_on", "off_reason"])


@every("* * * * *")
def send_due_webhooks(timestamp: int) -> None:
    """Each minute: what is due and whose job was lost, or whose destination rested meanwhile."""
    take_up(now=timezone.now())


@transaction.atomic
def take_up(*, now: datetime) -> int:
    """Have everything that is due sent; says to how many webhooks."""
    due = WebhookMessage.objects.filter(state__in=("waiting", "sending"), due_at__lte=now)
    ready = due.filter(webhook__is_on=True).filter(
        Q(webhook__rests_until=None) | Q(webhook__rests_until__lte=now)
    )
    ids = list(ready.order_by().values_list("webhook_id", flat=True).distinct())
    send_webhook.enqueue_many([{"webhook_id": one} for one in ids])
    return len(ids)


@every("41 4 * * *", queue="bulk")
def forget_webhook_messages(timestamp: int) -> None:
    """Each night: messages that were settled a month ago."""
    before = timezone.now() - KEPT_FOR
    WebhookMessage.objects.filter(settled_at__lt=before).delete()
