"""What messages say on a customer's timeline, and which could not be delivered."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from regulars.channels.kind import channel_kinds
from regulars.channels.models import Message
from regulars.customers.openings import Opening, left_open
from regulars.customers.queries import Stream, flows_in
from regulars.customers.queries.consents import purpose_names
from regulars.customers.timeline import Body, shown_as

flows_in(
    Stream(
        "channels.message",
        "channels_message",
        "sent_at",
        "jsonb_build_object('purpose', purpose, 'channel', channel, 'subject', subject)",
        where="state = 'sent'",
        sample="sample",
    )
)


def _letters(bodies: Sequence[Body]) -> list[str]:
    """The subject of each message, what it was for, and how it went out."""
    names, kinds = purpose_names(), channel_kinds.kinds()
    return [
        " · ".join(
            part
            for part in (
                body["subject"],
                names.get(body["purpose"], body["purpose"]),
                str(kinds[body["channel"]].label) if body["channel"] in kinds else body["channel"],
            )
            if part
        )
        for body in bodies
    ]


shown_as("channels.message", label=_("Message"), texts=_letters, icon="mail")


LATELY = timedelta(days=30)


@left_open(needs="channels.view_message")
def undelivered_messages(records: Sequence[int], now: datetime) -> Iterator[Opening]:
    """Messages of the last month that no channel could deliver."""
    failed = Message.objects.filter(
        customer__in=records, state="failed", created_at__gt=now - LATELY
    )
    for one in failed.order_by("-created_at")[:20]:
        yield Opening(
            gettext("Could not be delivered"),
            one.subject,
            one.created_at,
            reverse("channels.message", args=[one.pk]),
            "bad",
        )
