"""What the numbers of SMPP's answers mean for a message and for the connection."""

from django.utils.translation import gettext_noop

THROTTLED = frozenset({0x14, 0x58})
"""The centre's queue is full, or we were too fast: the same again in a moment."""

_PASSING = frozenset({0x08, 0x64, 0x45, 0xFE, 0xFF})

_NAMES = {
    0x01: "the text has a wrong length", 0x03: "the command is unknown", 0x08: "system error",
    0x0A: "the sender's number is not allowed", 0x0B: "the recipient's number is not valid",
    0x0D: "the bind failed", 0x0E: "wrong password", 0x0F: "wrong system id",
    0x14: "the queue is full", 0x45: "the message was not taken", 0x58: "too many messages a second",
    0x61: "the time to send at is not valid", 0x64: "a passing error of the receiver",
    0x65: "a lasting error of the receiver", 0x66: "the receiver refuses it",
}  # fmt: skip

_BINDING = {
    0x0D: gettext_noop("The message centre refuses the connection. Ask the provider."),
    0x0E: gettext_noop("The message centre says that the password is wrong."),
    0x0F: gettext_noop("The message centre does not know this system id."),
    0x05: gettext_noop("The message centre says that this account is connected already."),
}


def is_passing(status: int) -> bool:
    """Whether the same message may go through later.

    >>> is_passing(0x64), is_passing(0x0B)
    (True, False)
    """
    return status in _PASSING


def status_named(status: int) -> str:
    """A status in words, with its number.

    >>> status_named(0x0B)
    "the recipient's number is not valid (0x0B)"
    """
    return f"{_NAMES.get(status, 'refused')} (0x{status:02X})"


def why_not_bound(status: int) -> str:
    """Why a centre did not let us in, in English; the words are in the catalogue."""
    return _BINDING.get(status, _BINDING[0x0D])
