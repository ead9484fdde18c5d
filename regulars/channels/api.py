"""Messages for other programs."""

from ninja import Query, Router, Schema
from pydantic import Field

from regulars.channels.models import Message
from regulars.channels.queries import messages
from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest

router = Router(tags=["Messages"])


class MessageAsk(PageAsk):
    """Which messages are asked for."""

    state: str = Field("", max_length=10, description="waiting, sending, sent, failed or refused.")
    purpose: str = Field(
        "", max_length=30, description="survey, service, loyalty, marketing, test."
    )


class MessageOut(Schema):
    """A message and what became of it."""

    id: Id
    key: str
    channel: str
    purpose: str
    customer_id: Id | None
    address: str
    subject: str
    text: str
    link: str
    state: str
    reason: str = Field(description="Why it was refused: opted_out, asked_enough, no_address.")
    failure: str
    attempts: int
    created_at: Moment
    sent_at: Moment | None
    sample: bool


def _shape(message: Message) -> MessageOut:
    return MessageOut.model_validate(message, from_attributes=True)


@router.get("/messages", response=Page[MessageOut], **reads("messages:read"))
def list_messages(request: ApiRequest, ask: Query[MessageAsk]) -> Page[MessageOut]:
    """Messages, newest first, narrowed by state and purpose."""
    return page_of(messages(state=ask.state, purpose=ask.purpose), ask, shape=_shape)


@router.get("/messages/{message_id}", response=MessageOut, **reads("messages:read"))
def get_message(request: ApiRequest, message_id: Id) -> MessageOut:
    """One message and what became of it."""
    return _shape(get_seen(Message, message_id, seen_by=request.auth))
