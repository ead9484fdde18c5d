"""The one door to sending: who opted out and who was asked enough is not approached."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext, ngettext

from regulars.channels.actions.delivery import deliver_messages
from regulars.channels.kind import channel_kinds
from regulars.channels.models import ContactRule, Message, Suppression
from regulars.channels.queries import default_channel
from regulars.channels.rules import BATCH, LIMITS, PICK_UP_AFTER, Limit, free_from, normal_address
from regulars.core.sql import int_array
from regulars.customers.queries import persons_of

COUNTED = ("waiting", "sending", "sent")


@dataclass(frozen=True)
class OutgoingMessage:
    """A message somebody wants sent. `key` names its cause, so that a repeat changes nothing.

    `channel` is a kind of channel; empty takes the installation's own. `purpose` is one of
    `rules.PURPOSES`. `link` is what the message asks its reader to open.
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
    sample: bool = False


@dataclass(frozen=True)
class Sent:
    """What the door said: the message's id, and where it was not let through, why.

    `code` is empty, or `opted_out`, `asked_enough`, `no_address`; `reason` says it in words.
    `repeated` tells that the key was known, and that this is the answer given before.
    """

    key: str
    message_id: int
    code: str = ""
    reason: str = ""
    repeated: bool = False

    @property
    def is_accepted(self) -> bool:
        """Whether the message goes out."""
        return not self.code


Person = tuple[str, int | str]
Refusal = tuple[str, str]


@transaction.atomic
def send(batch: Sequence[OutgoingMessage], *, now: datetime) -> list[Sent]:
    """Let messages out of the house, or say why not; an answer for each, in the order given.

    Refused messages are kept with their reason, not queued: the same key gets the same answer.
    Accepted ones leave by jobs of some hundreds after the transaction commits. A constant number
    of statements; customers are locked in the order of their ids, so two batches at once can
    neither deadlock nor pass a limit together.
    """
    if not batch:
        return []
    _lock(batch)
    known = _known(batch)
    fresh = list({each.key: each for each in batch if each.key not in known}.values())
    written = Message.objects.bulk_create(_judged(fresh, now=now))
    _enqueue([message for message in written if message.state == "waiting"])
    return _answers(batch, known=known, written={message.key: message for message in written})


def _lock(batch: Sequence[OutgoingMessage]) -> None:
    customer_ids = {each.customer_id for each in batch if each.customer_id is not None}
    addresses = sorted(
        {
            normal_address(each.address)
            for each in batch
            if each.customer_id is None and each.address
        }
    )
    with connection.cursor() as cursor:
        if customer_ids:
            cursor.execute(
                "SELECT id FROM customers_customer WHERE id IN ("
                " SELECT coalesce(merged_into_id, id) FROM customers_customer"
                " WHERE id = ANY(%s::bigint[])) ORDER BY id FOR NO KEY UPDATE",
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


def _person(each: OutgoingMessage, leaders: Mapping[int, int]) -> Person:
    if each.customer_id is not None:
        return "customer", leaders[each.customer_id]
    return "address", normal_address(each.address)


def _judged(fresh: Sequence[OutgoingMessage], *, now: datetime) -> list[Message]:
    usual = default_channel()
    limits = _limits()
    persons = persons_of({each.customer_id for each in fresh if each.customer_id is not None})
    leaders = {record: lead for lead, records in persons.items() for record in records}
    contacts = _contacts(fresh, leaders, limits=limits, now=now)
    suppressed = _suppressed(fresh)
    judged = []
    for each in fresh:
        channel = each.channel or usual
        person = (*_person(each, leaders), each.purpose)
        refusal = (
            _address_refusal(each, channel=channel)
            or _opt_out_refusal(each, channel=channel, suppressed=suppressed)
            or _limit_refusal(contacts[person], limit=limits.get(each.purpose), now=now)
        )
        if refusal is None:
            contacts[person].append(now)
        judged.append(_message(each, channel=channel, refusal=refusal, now=now))
    return judged


def _limits() -> dict[str, Limit]:
    own = {rule.purpose: rule for rule in ContactRule.objects.all()}
    limits = {purpose: limit for purpose, limit in LIMITS.items() if purpose not in own}
    return limits | {
        purpose: Limit(rule.count, rule.days) for purpose, rule in own.items() if rule.is_on
    }


def _contacts(
    fresh: Sequence[OutgoingMessage],
    leaders: Mapping[int, int],
    *,
    limits: dict[str, Limit],
    now: datetime,
) -> dict[tuple[str, int | str, str], list[datetime]]:
    """When these people were approached within the longest window, by person and purpose.

    Messages to any record of a person count for the person; `leaders` holds all their records.
    """
    found: dict[tuple[str, int | str, str], list[datetime]] = defaultdict(list)
    purposes = {each.purpose for each in fresh} & set(limits)
    if not purposes:
        return found
    since = now - timedelta(days=max(limits[purpose].days for purpose in purposes))
    addresses = {normal_address(each.address) for each in fresh if each.customer_id is None}
    rows = Message.objects.filter(
        Q(customer_id__in=leaders) | Q(customer_id__isnull=True, address__in=addresses - {""}),
        purpose__in=purposes,
        state__in=COUNTED,
        created_at__gt=since,
    )
    for customer_id, address, purpose, at in rows.values_list(
        "customer_id", "address", "purpose", "created_at"
    ):
        person: Person = (
            ("address", address) if customer_id is None else ("customer", leaders[customer_id])
        )
        found[*person, purpose].append(at)
    return found


def _suppressed(fresh: Sequence[OutgoingMessage]) -> set[tuple[str, str, str]]:
    addresses = {normal_address(each.address) for each in fresh} - {""}
    rows = Suppression.objects.filter(address__in=addresses)
    return set(rows.values_list("channel", "address", "purpose"))


def _address_refusal(each: OutgoingMessage, *, channel: str) -> Refusal | None:
    if each.address.strip() or not channel_kinds.get(channel).capabilities.needs_address:
        return None
    return "no_address", gettext("There is no address for this channel.")


def _opt_out_refusal(
    each: OutgoingMessage, *, channel: str, suppressed: set[tuple[str, str, str]]
) -> Refusal | None:
    address = normal_address(each.address)
    if not {(channel, address, ""), (channel, address, each.purpose)} & suppressed:
        return None
    return "opted_out", gettext("The owner of this address wants no more messages.")


def _limit_refusal(
    contacts: Sequence[datetime], *, limit: Limit | None, now: datetime
) -> Refusal | None:
    if limit is None:
        return None
    earliest = free_from(contacts, limit=limit, now=now)
    if earliest <= now:
        return None
    text = ngettext(
        "Asked enough: at most %(count)d message in %(days)d days. Free again on %(day)s.",
        "Asked enough: at most %(count)d messages in %(days)d days. Free again on %(day)s.",
        limit.count,
    )
    values = {"count": limit.count, "days": limit.days, "day": earliest.date().isoformat()}
    return "asked_enough", text % values


def _message(
    each: OutgoingMessage, *, channel: str, refusal: Refusal | None, now: datetime
) -> Message:
    return Message(
        key=each.key,
        channel=channel,
        purpose=each.purpose,
        customer_id=each.customer_id,
        address=normal_address(each.address),
        subject=each.subject,
        text=each.text,
        html=each.html,
        link=each.link,
        language=each.language,
        state="refused" if refusal else "waiting",
        reason=refusal[0] if refusal else "",
        failure=refusal[1] if refusal else "",
        due_at=now + PICK_UP_AFTER,
        created_at=now,
        sample=each.sample,
    )


def _enqueue(messages: Sequence[Message]) -> None:
    by_channel: dict[str, list[int]] = defaultdict(list)
    for message in messages:
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
