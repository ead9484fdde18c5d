"""What the product can do with messages."""

from regulars.channels.actions.delivery import deliver_messages, send_due_messages
from regulars.channels.actions.optouts import opt_out
from regulars.channels.actions.sending import OutgoingMessage, Sent, send
from regulars.channels.actions.settings import (
    change_channel,
    change_contact_policy,
    change_contact_rule,
    remove_contact_rule,
)

__all__ = [
    "OutgoingMessage",
    "Sent",
    "change_channel",
    "change_contact_policy",
    "change_contact_rule",
    "deliver_messages",
    "opt_out",
    "remove_contact_rule",
    "send",
    "send_due_messages",
]
