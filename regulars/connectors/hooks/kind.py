"""What a kind of webhook message is: the event it tells of, and the messages an event makes."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from regulars.core.events import Event
from regulars.core.registry import Registry

IDS_AT_ONCE = 1_000
"""So many ids stand in one message at most, so that it stays within some twenty kilobytes."""


@dataclass(frozen=True)
class Told:
    """One message: what it is about, such as the code of a segment, and its data."""

    subject: str
    data: Mapping[str, Any]


class HookKind(ABC):
    """A kind of message. Its name is the `type` in the body, such as `segment.entered`.

    Messages carry our numbers of customers, never names or contacts: whoever needs those asks the
    API with a key that may see them.
    """

    label: ClassVar[Any]
    event: ClassVar[type[Event]]

    @abstractmethod
    def messages(self, event: Any) -> Iterator[Told]:
        """The messages that an event makes, none where it no longer matters."""


hook_kinds: Registry[type[HookKind]] = Registry(
    "webhooks", package="regulars.connectors.hooks.kinds"
)
"""The kinds of messages by name; add one with `@hook_kinds.add("segment.entered")` on its class."""
