"""Webhooks: who is told of what; messages are made in the transaction of what they tell of."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from regulars.connectors.hooks.calling import may_be_plain
from regulars.connectors.hooks.kind import Told, hook_kinds
from regulars.connectors.models import Webhook, WebhookMessage
from regulars.connectors.rules.webhooks import new_secret, problem_of_url, rotated
from regulars.core.errors import Refused
from regulars.core.events import Event
from regulars.core.jobs import job

TEST = "webhook.test"


@dataclass(frozen=True)
class WebhookWish:
    """What a webhook should be like: its address, the kinds of messages, what they are about."""

    name: str
    url: str
    kinds: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    is_on: bool = True


@transaction.atomic
def open_webhook(wish: WebhookWish, *, now: datetime) -> Webhook:
    """Make a webhook with a fresh secret; `Refused` for an address or a kind that will not do."""
    webhook = Webhook(created_at=now, secrets=[{"secret": new_secret(), "until": None}])
    _write(webhook, wish, now=now)
    return webhook


@transaction.atomic
def change_webhook(webhook: Webhook, wish: WebhookWish, *, now: datetime) -> Webhook:
    """Change a webhook. Switched on again it starts afresh; switched off, what waits is kept."""
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    if (wish.is_on and not webhook.is_on) or wish.url != webhook.url:
        webhook.off_reason, webhook.failing_since, webhook.rests_until = "", None, None
    _write(webhook, wish, now=now)
    if wish.is_on:
        ask_to_send([webhook.pk])
    return webhook


def _write(webhook: Webhook, wish: WebhookWish, *, now: datetime) -> None:
    _check(wish)
    webhook.name, webhook.url = wish.name.strip()[:100], wish.url.strip()
    webhook.kinds, webhook.subjects = list(wish.kinds), list(wish.subjects)
    webhook.is_on, webhook.changed_at = wish.is_on, now
    webhook.save()


def _check(wish: WebhookWish) -> None:
    if not wish.name.strip():
        raise Refused("name_is_missing", _("Give the webhook a name."), "name")
    if not wish.kinds:
        raise Refused("no_kinds", _("Choose at least one kind of message."), "kinds")
    if unknown := set(wish.kinds) - set(hook_kinds):
        message = _("There is no kind of message “%(kind)s”.") % {"kind": min(unknown)}
        raise Refused("unknown_kind", message, "kinds")
    problem = problem_of_url(wish.url.strip(), may_be_plain=may_be_plain())
    if problem or len(wish.url) > 500:
        message = {
            "not_https": _("The address begins with https://."),
        }.get(problem, _("This is not an address like https://example.com/hook."))
        raise Refused(problem or "not_an_address", message, "url")


def delete_webhook(webhook: Webhook) -> None:
    """Remove a webhook with its messages, those that wait too."""
    webhook.delete()


@transaction.atomic
def rotate_secret(webhook: Webhook, *, now: datetime) -> str:
    """Make a new secret, which signs from now on; the one before signs beside it for a day."""
    webhook = Webhook.objects.select_for_update().get(pk=webhook.pk)
    secret = new_secret()
    webhook.secrets, webhook.changed_at = rotated(webhook.secrets, secret, now), now
    webhook.save(update_fields=["secrets", "changed_at"])
    return secret


@transaction.atomic
def tell_webhooks(event: Event, *, now: datetime) -> int:
    """Make the messages that an event means for each webhook that wants them; says how many.

    Called once for an event, in the transaction that ticks off its delivery, so every message is
    made once; it may be delivered more than once, always under the same id.
    """
    kinds = {name: kind for name, kind in hook_kinds.kinds().items() if kind.event is type(event)}
    wanting = list(Webhook.objects.filter(is_on=True, kinds__overlap=list(kinds)).order_by("pk"))
    if not wanting:
        return 0
    made = [
        _message(webhook, name, told, now=now)
        for name, kind in kinds.items()
        for told in kind().messages(event)
        for webhook in wanting
        if name in webhook.kinds and (not webhook.subjects or told.subject in webhook.subjects)
    ]
    return _put(made)


@transaction.atomic
def send_test(webhook: Webhook, *, now: datetime) -> WebhookMessage:
    """Make a message that says nothing, to see whether the other side takes it."""
    message = _message(webhook, TEST, Told("", {"webhook": webhook.name}), now=now)
    _put([message])
    return WebhookMessage.objects.get(public_id=message.public_id)


def _message(webhook: Webhook, kind: str, told: Told, *, now: datetime) -> WebhookMessage:
    return WebhookMessage(
        public_id=f"msg_{secrets.token_urlsafe(20)}",
        webhook=webhook,
        kind=kind,
        subject=told.subject,
        body=_body(kind, told.data, now=now),
        due_at=now,
        made_at=now,
    )


def _body(kind: str, data: Mapping[str, Any], *, now: datetime) -> str:
    told = {"type": kind, "timestamp": now.isoformat(), "data": dict(data)}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _put(messages: Sequence[WebhookMessage]) -> int:
    WebhookMessage.objects.bulk_create(messages, batch_size=500)
    ask_to_send({one.webhook_id for one in messages})
    return len(messages)


@transaction.atomic
def send_again(messages: Collection[WebhookMessage], *, now: datetime) -> int:
    """Try settled messages again from the start, under their old ids; says how many."""
    ids = [one.pk for one in messages]
    again = WebhookMessage.objects.filter(pk__in=ids, state__in=("sent", "failed"))
    count = again.update(state="waiting", attempts=0, due_at=now, settled_at=None)
    Webhook.objects.filter(pk__in={one.webhook_id for one in messages}).update(rests_until=None)
    ask_to_send({one.webhook_id for one in messages})
    return count


def ask_to_send(webhook_ids: Collection[int]) -> None:
    """Have what waits for these webhooks sent soon."""
    send_webhook.enqueue_many([{"webhook_id": one} for one in sorted(webhook_ids)])


@job(queue="hooks", attempts=3)
def send_webhook(*, webhook_id: int) -> None:
    """Send what is due to one webhook; a destination that does not answer delays nobody else's."""
    from regulars.connectors.hooks.sending import send_due

    send_due(webhook_id)
