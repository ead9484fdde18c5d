"""Facts the channels domain publishes."""

from dataclasses import dataclass

from regulars.core.events import Event


@dataclass(frozen=True)
class MessagesSent(Event):
    """Messages left the house; the channel took them."""

    message_ids: tuple[int, ...]


@dataclass(frozen=True)
class MessagesFailed(Event):
    """Messages could not be delivered and will not be tried again."""

    message_ids: tuple[int, ...]


@dataclass(frozen=True)
class MessagesRefused(Event):
    """Messages that were let out were stopped when they were to leave: somebody said no meanwhile."""

    message_ids: tuple[int, ...]


@dataclass(frozen=True)
class MessagesHeard(Event):
    """People wrote to us: messages that were not known before are on record."""

    heard_ids: tuple[int, ...]


@dataclass(frozen=True)
class AddressesOptedOut(Event):
    """Owners of these addresses want no more messages there."""

    suppression_ids: tuple[int, ...]
