"""What is known of channels and messages."""

from django.conf import settings
from django.core import signing
from django.db.models import Count, QuerySet

from regulars.channels.kind import ChannelKind, channel_kinds
from regulars.channels.models import Channel, ContactRule, Message
from regulars.channels.rules import LIMITS, Limit
from regulars.core.errors import NotFound

SALT = "regulars.channels.unsubscribe"


def channel_of(kind: str) -> ChannelKind:
    """A channel with the settings the company gave it."""
    row = Channel.objects.filter(kind=kind).first()
    return channel_kinds.get(kind).model_validate(row.settings if row else {})


def default_channel() -> str:
    """The kind that messages without a channel leave by: mail where a server is set, else the outbox."""
    off = set(Channel.objects.filter(is_on=False).values_list("kind", flat=True))
    if "email" not in off and not channel_of("email").not_ready():
        return "email"
    return "outbox"


def unsubscribe_url(message: Message) -> str:
    """The address at which one click takes the reader of a message off the list."""
    token = signing.dumps([message.channel, message.address], salt=SALT, compress=True)
    return f"{settings.BASE_URL}/unsubscribe/{token}"


def address_of_token(token: str) -> tuple[str, str]:
    """The channel and address that an unsubscribe link stands for; `NotFound` for a forged one."""
    try:
        channel, address = signing.loads(token, salt=SALT)
    except signing.BadSignature as forged:
        raise NotFound("not_found", "this link is incomplete or was changed") from forged
    return str(channel), str(address)


def limit_of(purpose: str) -> tuple[Limit, bool]:
    """The limit of a purpose and whether it is on; the product's own where the company set none."""
    rule = ContactRule.objects.filter(purpose=purpose).first()
    if rule is None:
        return LIMITS.get(purpose, Limit(1, 30)), purpose in LIMITS
    return Limit(rule.count, rule.days), rule.is_on


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
