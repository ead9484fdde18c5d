"""What channels really did with people: the messages that went out."""

from collections.abc import Collection
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from regulars.channels.models import Message
from regulars.customers.acts import Act, tells_acts

TOLD_MAX = 500


@tells_acts
def messages_sent(customer_ids: Collection[int], since: datetime, until: datetime) -> list[Act]:
    """The messages that were sent to these records within a span; 500 at most."""
    sent = Message.objects.filter(
        customer__in=list(customer_ids), state="sent", sent_at__gte=since, sent_at__lt=until
    )
    return [
        Act(
            one.sent_at or since,
            "message",
            gettext("Message sent: %(what)s") % {"what": one},
            reverse("channels.message", args=[one.pk]),
        )
        for one in sent.order_by("sent_at", "pk")[:TOLD_MAX]
    ]
