"""Messages for other programs; and whether, and why, somebody may be contacted."""

from typing import Any

from django.utils.timezone import now as moment_of_now
from ninja import Query, Router, Schema
from pydantic import Field

from regulars.channels.kind import channel_kinds
from regulars.channels.models import MailReport, Message
from regulars.channels.queries import Reader, channel_of, messages, preferences_url
from regulars.channels.queries.channels import is_on
from regulars.channels.queries.explaining import Explained, explain
from regulars.channels.queries.lines import lines_seen
from regulars.channels.queries.returns import mail_reports
from regulars.core.access import get_seen
from regulars.core.api.cursors import Page, PageAsk, page_of
from regulars.core.api.fields import Id, Moment
from regulars.core.api.operations import reads
from regulars.core.api.requests import ApiRequest
from regulars.core.errors import Refused
from regulars.customers.models import Customer

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
    delivered_at: Moment | None = Field(description="As the provider reported, where it does.")
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


class ConnectionOut(Schema):
    """The connection that a worker keeps for a channel."""

    state: str = Field(examples=["up"], description="up, down, or unattended: no worker holds it.")
    since: Moment | None
    problem: str = Field(description="What keeps it down; empty where nothing does.")


class ChannelOut(Schema):
    """A kind of channel and whether it can send; settings are told to nobody."""

    kind: str = Field(examples=["sms_smpp"])
    name: str
    is_on: bool
    is_ready: bool
    not_ready: str = Field(description="Why it cannot send, in words.")
    line: ConnectionOut | None = Field(description="Null where the channel keeps no connection.")


@router.get("/channels", response=list[ChannelOut], **reads("messages:read"))
def list_channels(request: ApiRequest) -> list[ChannelOut]:
    """All kinds of channel, whether each can send, and how their connections are."""
    lines = lines_seen(now=moment_of_now())
    return [
        ChannelOut(
            kind=kind,
            name=str(found.label),
            is_on=is_on(kind),
            is_ready=not (why := channel_of(kind).not_ready()),
            not_ready=why,
            line=ConnectionOut.model_validate(lines[kind], from_attributes=True)
            if kind in lines
            else None,
        )
        for kind, found in channel_kinds.kinds().items()
    ]


class MailReportAsk(PageAsk):
    """Which mails that came back are asked for."""

    kind: str = Field(
        "",
        max_length=10,
        description="hard, soft, complaint, opt_out, nothing, unknown or unreadable.",
    )


class MailReportOut(Schema):
    """One mail that came back, and what was done about it."""

    id: Id
    channel: str
    kind: str = Field(examples=["hard"])
    status: str = Field(examples=["5.1.1"], description="As the report says it (RFC 3463).")
    words: str = Field(description="The other server's words, or why the mail was put aside.")
    address: str
    message_id: Id | None
    effect: str = Field(
        examples=["closed"],
        description="closed: no more mail to the address; withdrawn: consent too; counted; none.",
    )
    at: Moment


def _report(report: MailReport) -> MailReportOut:
    return MailReportOut.model_validate(report, from_attributes=True)


@router.get("/mail-reports", response=Page[MailReportOut], **reads("messages:read"))
def list_mail_reports(request: ApiRequest, ask: Query[MailReportAsk]) -> Page[MailReportOut]:
    """Bounces and complaints that were read from the mailbox, newest first."""
    return page_of(mail_reports(kind=ask.kind), ask, shape=_report)


class ContactAsk(Schema):
    """Which contacts are asked about; without a purpose or channel, all of them."""

    purpose: str = Field("", max_length=30, examples=["marketing"])
    channel: str = Field("", max_length=30, examples=["email"], description="A kind of channel.")


class ContactRuleOut(Schema):
    """A rule of the contact budget as it stands for this contact."""

    code: str
    name: str
    used: int
    max: int
    ends_at: Moment | None = Field(description="When the oldest contact that counts falls out.")
    is_exceeded: bool


class ContactOut(Schema):
    """Whether a person may be contacted for a purpose on a channel now, and what that rests on."""

    purpose: str
    channel: str
    allowed: bool
    code: str = Field(examples=["no_consent"], description="Why not; empty where allowed.")
    reason: str = Field(description="The same in words.")
    earliest: Moment | None = Field(
        description="When the budget would allow it; null where time alone will not help."
    )
    basis: str = Field(examples=["consent"])
    consent_state: str = Field(examples=["given"])
    rules: list[ContactRuleOut]


class PreferencesOut(Schema):
    """The page on which a person chooses, without a password, what we may write."""

    url: str


@router.get(
    "/customers/{int:customer_id}/contacts", response=list[ContactOut], **reads("consents:read")
)
def may_contact(request: ApiRequest, customer_id: Id, ask: Query[ContactAsk]) -> list[ContactOut]:
    """May we contact this person now? The same door that every message passes answers."""
    found = get_seen(Customer, customer_id, seen_by=request.auth)
    wanted: dict[str, Any] = {
        "purposes": [ask.purpose] if ask.purpose else (),
        "channels": [ask.channel] if ask.channel else (),
    }
    if ask.channel and ask.channel not in channel_kinds.kinds():
        raise Refused("unknown_channel", f"there is no channel {ask.channel!r}", "channel")
    answers = explain(found.pk, now=moment_of_now(), **wanted)
    if ask.purpose and not answers:
        raise Refused("unknown_purpose", f"there is no purpose {ask.purpose!r}", "purpose")
    return [_contact(one) for one in answers]


@router.get(
    "/customers/{int:customer_id}/preferences",
    response=PreferencesOut,
    **reads("customers:personal"),
)
def preferences_link(request: ApiRequest, customer_id: Id) -> PreferencesOut:
    """The link to a person's own page of choices, for an account page of yours; only for them."""
    found = get_seen(Customer, customer_id, seen_by=request.auth)
    lead = found.merged_into or found
    if not lead.email:
        raise Refused("no_address", "this customer has no e-mail", "customer_id")
    return PreferencesOut(url=preferences_url(Reader("email", lead.email, lead.pk)))


def _contact(one: Explained) -> ContactOut:
    verdict = one.verdict
    return ContactOut(
        purpose=one.purpose,
        channel=one.channel,
        allowed=verdict.allowed,
        code=verdict.code,
        reason=verdict.reason,
        earliest=verdict.earliest,
        basis=one.basis,
        consent_state=one.standing.state,
        rules=[ContactRuleOut.model_validate(rule, from_attributes=True) for rule in one.rules],
    )
