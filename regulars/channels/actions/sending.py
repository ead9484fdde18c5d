"""The one door: everything that is sent to a person passes here, or is refused with a reason."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from regulars.channels.actions.delivery import deliver_messages
from regulars.channels.kind import Buttons, kinds_with_lines, normal_address_on
from regulars.channels.models import Message
from regulars.channels.queries.channels import default_channel
from regulars.channels.queries.door import Ask, Verdict, let_out
from regulars.channels.rules import BATCH, PICK_UP_AFTER, normal_address
from regulars.core.sql import int_array


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message somebody wants sent. `key` names its cause, so that a repeat changes nothing.

    `channel` is a kind of channel; empty takes the installation's own. `purpose` is one of
    `customers.queries.purposes()`. `link` is what the message asks its reader to open. `survey`,
    `is_reminder` and `same_as` (which names what may not be sent twice in a short while) are for the
    contact budget. `in_reply_to` is the id of what the person wrote, where this answers it: no
    consent is asked and no budget is used, but it must go back to the same address within a day.
    """

    key: str
    purpose: str
    text: str
    subject: str = ""
    html: str = ""
    link: str = ""
    customer_id: int | None = None
    address: str = ""
    channel: str = ""
    language: str = "en"
    survey: str = ""
    same_as: str = ""
    is_reminder: bool = False
    sample: bool = False
    buttons: Buttons = ()
    in_reply_to: int | None = None


@dataclass(frozen=True)
class Sent:
    """What the door said: the message's id, and where it was not let through, why.

    `code` is empty or one of `rules.REASONS`; `reason` says it in words. `repeated` tells that the
    key was known, and that this is the answer given before.
    """

    key: str
    message_id: int
    code: str = ""
    reason: str = ""
    repeated: bool = False

    @property
    def is_accepted(self) -> bool:
        """Whether the message goes out, now or when a rule of the contact budget says."""
        return not self.code


@transaction.atomic
def send(batch: Sequence[OutgoingMessage], *, now: datetime) -> list[Sent]:
    """Let messages out of the house, or say why not; an answer for each, in the order given.

    Refused messages are kept with their reason, not queued: the same key gets the same answer.
    Accepted ones leave by jobs of some hundreds after the transaction commits, and are asked once
    more as they leave. A constant number of statements; people are locked in the order of their
    ids, so two batches at once can neither deadlock nor pass a limit together.
    """
    if not batch:
        return []
    _lock(batch)
    known = _known(batch)
    fresh = list({each.key: each for each in batch if each.key not in known}.values())
    written = Message.objects.bulk_create(_judged(fresh, now=now))
    _enqueue([one for one in written if one.state == "waiting" and one.contact_at <= now])
    return _answers(batch, known=known, written={message.key: message for message in written})


def _lock(batch: Sequence[OutgoingMessage]) -> None:
    """Hold the leading records of all customers, and the addresses of people without one."""
    customer_ids = {each.customer_id for each in batch if each.customer_id is not None}
    addresses = sorted({normal_address(each.address) for each in batch} - {""})
    with connection.cursor() as cursor:
        if customer_ids:
            cursor.execute(
                "SELECT id FROM customers_customer WHERE id IN (SELECT coalesce(merged_into_id, id)"
                " FROM customers_customer WHERE id = ANY(%s::bigint[]))"
                " ORDER BY id FOR NO KEY UPDATE",
                [int_array(customer_ids)],
            )
        if addresses:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(address)) FROM unnest(%s::text[]) AS address"
                " ORDER BY hashtext(address)",
                [addresses],
            )


def _known(batch: Sequence[OutgoingMessage]) -> dict[str, Message]:
    keys = [each.key for each in batch]
    rows = Message.objects.filter(key__in=keys).only("id", "key", "reason", "failure")
    return {message.key: message for message in rows}


def _judged(fresh: Sequence[OutgoingMessage], *, now: datetime) -> list[Message]:
    usual = default_channel()
    asks = [
        Ask(
            purpose=each.purpose,
            customer_id=each.customer_id,
            address=normal_address_on(each.channel or usual, each.address),
            channel=each.channel or usual,
            survey=each.survey,
            same_as=each.same_as,
            is_reminder=each.is_reminder,
            in_reply_to=each.in_reply_to,
        )
        for each in fresh
    ]
    verdicts = let_out(asks, now=now)
    return [
        _message(each, ask, verdict, now=now)
        for each, ask, verdict in zip(fresh, asks, verdicts, strict=True)
    ]


def _message(each: OutgoingMessage, ask: Ask, verdict: Verdict, *, now: datetime) -> Message:
    send_at = verdict.send_at or now
    waits_alone = send_at > now or ask.channel in kinds_with_lines()
    return Message(
        key=each.key,
        channel=ask.channel,
        purpose=each.purpose,
        customer_id=each.customer_id,
        address=normal_address(ask.address),
        subject=each.subject,
        text=each.text,
        html=each.html,
        link=each.link,
        language=each.language,
        state="waiting" if verdict.allowed else "refused",
        reason=verdict.code,
        failure=verdict.reason,
        due_at=send_at if waits_alone else now + PICK_UP_AFTER,
        contact_at=send_at,
        created_at=now,
        survey=each.survey,
        same_as=each.same_as,
        is_reminder=each.is_reminder,
        buttons=[list(one) for one in each.buttons],
        in_reply_to_id=each.in_reply_to,
        sample=each.sample,
    )


def _enqueue(messages: Sequence[Message]) -> None:
    """Jobs that send these now; what leaves over a line is due, and its keeper looks for that."""
    by_channel: dict[str, list[int]] = defaultdict(list)
    lines = kinds_with_lines()
    for message in messages:
        if message.channel not in lines:
            by_channel[message.channel].append(message.pk)
    deliver_messages.enqueue_many(
        [
            {"message_ids": ids[start : start + BATCH]}
            for ids in by_channel.values()
            for start in range(0, len(ids), BATCH)
        ]
    )


def _answers(
    batch: Sequence[OutgoingMessage], *, known: dict[str, Message], written: dict[str, Message]
) -> list[Sent]:
    answers, told = [], set(known)
    for each in batch:
        message = known.get(each.key) or written[each.key]
        answers.append(
            Sent(each.key, message.pk, message.reason, message.failure, each.key in told)
            if message.reason
            else Sent(each.key, message.pk, repeated=each.key in told)
        )
        told.add(each.key)
    return answers
