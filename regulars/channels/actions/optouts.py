"""Leaving the list."""

from datetime import datetime

from django.db import transaction

from regulars.channels.events import AddressesOptedOut
from regulars.channels.models import Suppression
from regulars.channels.rules import normal_address
from regulars.core.events import publish


@transaction.atomic
def opt_out(*, channel: str, address: str, now: datetime, source: str = "link") -> Suppression:
    """Nothing more goes to this address on this channel; saying so twice changes nothing."""
    suppression, created = Suppression.objects.get_or_create(
        channel=channel,
        address=normal_address(address),
        purpose="",
        defaults={"at": now, "source": source},
    )
    if created:
        publish(AddressesOptedOut(suppression_ids=(suppression.pk,)))
    return suppression
