"""What is known of channels and messages."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db.models import Count, QuerySet

from regulars.channels.kind import ChannelKind, address_kind_of, channel_kinds
from regulars.channels.models import Channel, KnownAddress, Message
from regulars.core.errors import NotFound
from regulars.customers.models import Customer

SALT = "regulars.channels.unsubscribe"
CONFIRMATION_SALT = "regulars.channels.confirm"
CONFIRM_WITHIN = timedelta(days=14)


def channel_of(kind: str) -> ChannelKind:
    """A channel with the settings the company gave it."""
    row = Channel.objects.filter(kind=kind).first()
    return channel_kinds.get(kind).model_validate(row.settings if row else {})


def is_on(kind: str) -> bool:
    """Whether there is such a channel and the company did not switch it off."""
    is_off = Channel.objects.filter(kind=kind, is_on=False).exists()
    return kind in channel_kinds.kinds() and not is_off


def default_channel() -> str:
    """The kind that messages without a channel leave by: mail where a server is set, else the outbox."""
    off = set(Channel.objects.filter(is_on=False).values_list("kind", flat=True))
    if "email" not in off and not channel_of("email").not_ready():
        return "email"
    return "outbox"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a link in a letter stands for: the owner of an address, and a customer where one is known."""

    channel: str
    address: str
    customer_id: int | None = None


def addresses_on(places: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The address of each customer on a channel, where there is one; two statements for all.

    A telephone number is on their record; in a messenger the latest conversation tells.
    """
    ids = {customer_id for _channel, customer_id in places}
    phones = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "phone"))
    known = KnownAddress.objects.filter(customer__in=ids).order_by("since")
    found = {
        (channel, customer_id): address
        for channel, customer_id, address in known.values_list("channel", "customer_id", "address")
    }
    for channel, customer_id in places:
        if address_kind_of(channel) == "phone" and phones.get(customer_id):
            found[channel, customer_id] = phones[customer_id]
    return found


def unsubscribe_url(message: Message) -> str:
    """The address at which one click takes the reader of a message off the list."""
    return f"{settings.BASE_URL}/unsubscribe/{token_of(reader_of(message))}"


def preferences_url(reader: Reader) -> str:
    """The address of the page on which a reader chooses what we may write."""
    return f"{settings.BASE_URL}/preferences/{token_of(reader)}"


def reader_of(message: Message) -> Reader:
    """Whom the links in a message stand for."""
    return Reader(message.channel, message.address, message.customer_id)


def token_of(reader: Reader) -> str:
    """What a link carries: who its reader is, signed."""
    told = [reader.channel, reader.address, *([reader.customer_id] if reader.customer_id else [])]
    return signing.dumps(told, salt=SALT, compress=True)


def reader_of_token(token: str) -> Reader:
    """Whom a link stands for; `NotFound` for a forged one."""
    try:
        channel, address, *rest = signing.loads(token, salt=SALT)
    except signing.BadSignature as forged:
        raise NotFound("not_found", "this link is incomplete or was changed") from forged
    return Reader(str(channel), str(address), rest[0] if rest else None)


def confirmation_url(consent_id: int) -> str:
    """The address at which somebody confirms from the mailbox that they agreed."""
    return f"{settings.BASE_URL}/confirm/{signing.dumps(consent_id, salt=CONFIRMATION_SALT)}"


def consent_of_token(token: str) -> int:
    """The word that a confirmation link stands for; `NotFound` for a forged or an old one."""
    try:
        return int(signing.loads(token, salt=CONFIRMATION_SALT, max_age=CONFIRM_WITHIN))
    except signing.BadSignature as forged:
        raise NotFound("not_found", "this link is too old, or was changed") from forged


def messages(*, state: str = "", purpose: str = "", text: str = "") -> QuerySet[Message]:
    """Messages, newest first, narrowed by state, purpose and a piece of the address."""
    rows = Message.objects.select_related("customer").order_by("-id")
    if state:
        rows = rows.filter(state=state)
    if purpose:
        rows = rows.filter(purpose=purpose)
    return rows.filter(address__startswith=text.strip().lower()) if text.strip() else rows


def counts_by_state() -> dict[str, int]:
    """How many messages are in each state."""
    counted = Message.objects.order_by().values("state").annotate(count=Count("id"))
    return {row["state"]: row["count"] for row in counted}
