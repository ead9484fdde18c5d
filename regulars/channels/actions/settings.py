"""How the company wants its channels and its limits."""

from typing import Any

from django.db import transaction
from pydantic import ValidationError

from regulars.channels.kind import channel_kinds
from regulars.channels.models import Channel, ContactRule
from regulars.channels.rules import PURPOSES, Limit
from regulars.core.errors import Refused


@transaction.atomic
def change_channel(kind: str, settings: dict[str, Any], *, is_on: bool = True) -> Channel:
    """The channel with new settings; `Refused` names the setting that will not do."""
    try:
        checked = channel_kinds.get(kind).model_validate(settings)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        raise Refused("invalid_setting", first["msg"], str(first["loc"][0])) from invalid
    channel, _ = Channel.objects.update_or_create(
        kind=kind, defaults={"settings": checked.model_dump(), "is_on": is_on}
    )
    return channel


@transaction.atomic
def change_contact_rule(purpose: str, limit: Limit, *, is_on: bool = True) -> ContactRule:
    """The company's own limit for a purpose; 0 messages means that none are sent."""
    if purpose not in PURPOSES:
        raise Refused("unknown_purpose", f"there is no purpose {purpose}", "purpose")
    if not 0 <= limit.count <= 1000:
        raise Refused("count_out_of_range", "between 0 and 1000 messages", "count")
    if not 1 <= limit.days <= 3650:
        raise Refused("days_out_of_range", "between 1 and 3650 days", "days")
    rule, _ = ContactRule.objects.update_or_create(
        purpose=purpose, defaults={"count": limit.count, "days": limit.days, "is_on": is_on}
    )
    return rule
