"""What can be asked of channels, messages and the door to sending."""

from regulars.channels.queries.channels import (
    SALT,
    Reader,
    channel_of,
    counts_by_state,
    default_channel,
    messages,
    preferences_url,
    reader_of_token,
    unsubscribe_url,
)
from regulars.channels.queries.door import Ask, Verdict, may_contact, may_contact_many

__all__ = [
    "SALT",
    "Ask",
    "Reader",
    "Verdict",
    "channel_of",
    "counts_by_state",
    "default_channel",
    "may_contact",
    "may_contact_many",
    "messages",
    "preferences_url",
    "reader_of_token",
    "unsubscribe_url",
]
