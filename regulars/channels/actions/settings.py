"""How the company wants its channels and its limits."""

import re
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from regulars.channels.kind import channel_kinds
from regulars.channels.models import Channel, ContactPolicy, ContactRule
from regulars.channels.queries.budgets import in_force
from regulars.channels.rules.budget import DUPLICATE, duration
from regulars.core.errors import Refused

_CODE = re.compile(r"[a-z][a-z0-9_-]{1,29}")


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
def change_contact_rule(rule: ContactRule) -> ContactRule:
    """A rule of the contact budget as it is from now on; its code names it, a new code adds one."""
    if not _CODE.fullmatch(rule.code) or rule.code == DUPLICATE:
        raise Refused("bad_code", "2 to 30 small letters, digits, hyphens, underscores", "code")
    if not 1 <= len(rule.name.strip()) <= 100:
        raise Refused("bad_name", "a name of 1 to 100 characters", "name")
    in_force(rule)
    columns = [field.name for field in ContactRule._meta.fields if field.name not in {"id", "code"}]
    kept, _ = ContactRule.objects.update_or_create(
        code=rule.code, defaults={name: getattr(rule, name) for name in columns}
    )
    return kept


@transaction.atomic
def remove_contact_rule(code: str) -> bool:
    """Take the company's own rule away; one of the product's own comes back as it was."""
    return ContactRule.objects.filter(code=code).delete()[0] > 0


@transaction.atomic
def change_contact_policy(policy: ContactPolicy) -> ContactPolicy:
    """What goes for all rules from now on."""
    if policy.duplicate_window:
        try:
            duration(policy.duplicate_window)
        except Refused as bad:
            raise Refused(bad.code, bad.message, "duplicate_window") from bad
    if not all(one.strip().isdecimal() for one in policy.whitelist):
        raise Refused("not_a_number", "customers by their numbers", "whitelist")
    if (policy.quiet_from is None) != (policy.quiet_until is None):
        raise Refused("half_quiet", "quiet hours begin and end", "quiet_until")
    ContactPolicy.objects.all().delete()
    policy.pk = None
    policy.save()
    return policy
