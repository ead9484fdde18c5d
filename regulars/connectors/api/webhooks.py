"""Webhooks for other programs: who is told of what, secrets, and what became of each message."""

from typing import Any, Literal

from django.db.models import QuerySet
from django.utils import timezone
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from regulars.connectors.actions.webhooks import (
    WebhookWish,
    change_webhook,
    delete_webhook,
    open_webhook,
    rotate_secret,
    send_again,
    send_test,
)
from regulars.connectors.models import Webhook, WebhookAttempt, WebhookMessage
from regulars.connectors.rules.webhooks import secrets_in_force
from regulars.core.access import get_seen
from regulars.core.api import ApiRequest, Id, Moment, Page, PageAsk, page_of, reads, writes
from regulars.core.errors import NotFound

router = Router(tags=["Webhooks"])

State = Literal["waiting", "sending", "sent", "failed"]


class WebhookIn(Schema):
    """What a webhook should be like."""

    name: str = Field(min_length=1, max_length=100, examples=["Mail tool"])
    url: str = Field(max_length=500, examples=["https://hooks.example.com/regulars"])
    kinds: list[str] = Field(
        min_length=1, max_length=50, examples=[["segment.entered", "segment.left"]]
    )
    subjects: list[str] = Field(
        [], max_length=100, description="Codes of segments; none: whatever it is about."
    )
    is_on: bool = True


class WebhookOut(WebhookIn):
    """A webhook and how it is."""

    id: Id
    off_reason: str = Field(description="gone or failing where the program switched it off.")
    failing_since: Moment | None
    created_at: Moment


class SecretOut(Schema):
    """The secrets that sign now, the newest first; one before signs for a day after a change."""

    secrets: list[str]


class WebhookMessageOut(Schema):
    """One message; `id` is its `webhook-id`."""

    id: str
    kind: str
    subject: str
    state: State
    attempts: int
    made_at: Moment
    due_at: Moment | None = Field(description="When it is tried next; null once settled.")
    settled_at: Moment | None


class AttemptOut(Schema):
    """One try: the status that came back, or why none did."""

    at: Moment
    status: int | None
    failure: str
    answer: str
    took_ms: int


class MessageWithAttempts(WebhookMessageOut):
    """A message with its body and every try."""

    body: str
    tries: list[AttemptOut]


class MessagesAsk(PageAsk):
    """Which messages are asked for."""

    state: State | None = None


@router.get("/webhooks", response=Page[WebhookOut], **reads("webhooks:read"))
def list_webhooks(request: ApiRequest, ask: Query[PageAsk]) -> Page[WebhookOut]:
    """Every webhook."""
    return page_of(Webhook.objects.all(), ask, shape=_shown, order="id")


@router.post("/webhooks", response={201: WebhookOut}, **writes("webhooks:write"))
def add_webhook(request: ApiRequest, told: WebhookIn) -> Status[WebhookOut]:
    """Make a webhook. Its secret is asked for apart."""
    return Status(201, _shown(open_webhook(_wish(told), now=timezone.now())))


@router.get("/webhooks/{int:webhook_id}", response=WebhookOut, **reads("webhooks:read"))
def show_webhook(request: ApiRequest, webhook_id: Id) -> WebhookOut:
    """One webhook."""
    return _shown(_webhook(request, webhook_id))


@router.put("/webhooks/{int:webhook_id}", response=WebhookOut, **writes("webhooks:write"))
def replace_webhook(request: ApiRequest, webhook_id: Id, told: WebhookIn) -> WebhookOut:
    """Change a webhook; switched on again it starts afresh."""
    webhook = _webhook(request, webhook_id)
    return _shown(change_webhook(webhook, _wish(told), now=timezone.now()))


@router.delete("/webhooks/{int:webhook_id}", response={204: None}, **writes("webhooks:write"))
def remove_webhook(request: ApiRequest, webhook_id: Id) -> Status[None]:
    """Remove a webhook with its messages."""
    delete_webhook(_webhook(request, webhook_id))
    return Status(204, None)


@router.get("/webhooks/{int:webhook_id}/secret", response=SecretOut, **reads("webhooks:write"))
def show_webhook_secret(request: ApiRequest, webhook_id: Id) -> SecretOut:
    """The secrets that sign, for whoever may change webhooks."""
    webhook = _webhook(request, webhook_id)
    return SecretOut(secrets=secrets_in_force(webhook.secrets, timezone.now()))


@router.post("/webhooks/{int:webhook_id}/secret", response=SecretOut, **writes("webhooks:write"))
def rotate_webhook_secret(request: ApiRequest, webhook_id: Id) -> SecretOut:
    """Make a new secret; the one before signs beside it for a day."""
    now = timezone.now()
    webhook = _webhook(request, webhook_id)
    rotate_secret(webhook, now=now)
    webhook.refresh_from_db()
    return SecretOut(secrets=secrets_in_force(webhook.secrets, now))


@router.post(
    "/webhooks/{int:webhook_id}/test", response=WebhookMessageOut, **writes("webhooks:write")
)
def test_webhook(request: ApiRequest, webhook_id: Id) -> WebhookMessageOut:
    """Send a message that says nothing."""
    return _message(send_test(_webhook(request, webhook_id), now=timezone.now()))


@router.get(
    "/webhooks/{int:webhook_id}/messages",
    response=Page[WebhookMessageOut],
    **reads("webhooks:read"),
)
def list_webhook_messages(
    request: ApiRequest, webhook_id: Id, ask: Query[MessagesAsk]
) -> Page[WebhookMessageOut]:
    """The messages of a webhook, the latest first; settled ones are kept for thirty days."""
    rows = _messages(request, webhook_id)
    if ask.state:
        rows = rows.filter(state=ask.state)
    return page_of(rows, ask, shape=_message, order="-id")


@router.get(
    "/webhooks/{int:webhook_id}/messages/{message_key}",
    response=MessageWithAttempts,
    **reads("webhooks:read"),
)
def show_webhook_message(
    request: ApiRequest, webhook_id: Id, message_key: str
) -> MessageWithAttempts:
    """One message with its body and every try."""
    found = _one(request, webhook_id, message_key)
    tries = WebhookAttempt.objects.filter(message=found).order_by("pk")
    return MessageWithAttempts(
        **_message(found).model_dump(),
        body=found.body,
        tries=[
            AttemptOut(
                at=one.at,
                status=one.status,
                failure=one.failure,
                answer=one.answer,
                took_ms=one.took_ms,
            )
            for one in tries
        ],
    )


@router.post(
    "/webhooks/{int:webhook_id}/messages/{message_key}/resend",
    response=WebhookMessageOut,
    **writes("webhooks:write"),
)
def resend_webhook_message(
    request: ApiRequest, webhook_id: Id, message_key: str
) -> WebhookMessageOut:
    """Try a settled message again from the start, under its old id."""
    found = _one(request, webhook_id, message_key)
    send_again([found], now=timezone.now())
    found.refresh_from_db()
    return _message(found)


def _webhook(request: ApiRequest, webhook_id: int) -> Webhook:
    return get_seen(Webhook, webhook_id, seen_by=request.auth)


def _messages(request: ApiRequest, webhook_id: int) -> QuerySet[WebhookMessage]:
    return WebhookMessage.objects.filter(webhook=_webhook(request, webhook_id))


def _one(request: ApiRequest, webhook_id: int, message_key: str) -> WebhookMessage:
    found = _messages(request, webhook_id).filter(public_id=message_key[:40]).first()
    if found is None:
        raise NotFound("not_found", f"there is no message {message_key!r}", "message_key")
    return found


def _wish(told: WebhookIn) -> WebhookWish:
    return WebhookWish(
        name=told.name,
        url=told.url,
        kinds=tuple(told.kinds),
        subjects=tuple(told.subjects),
        is_on=told.is_on,
    )


def _shown(webhook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=webhook.pk,
        name=webhook.name,
        url=webhook.url,
        kinds=webhook.kinds,
        subjects=webhook.subjects,
        is_on=webhook.is_on,
        off_reason=webhook.off_reason,
        failing_since=webhook.failing_since,
        created_at=webhook.created_at,
    )


def _message(row: WebhookMessage) -> WebhookMessageOut:
    told: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("kind", "subject", "state", "attempts", "made_at", "settled_at")
    }
    return WebhookMessageOut(
        id=row.public_id, due_at=None if row.settled_at else row.due_at, **told
    )
