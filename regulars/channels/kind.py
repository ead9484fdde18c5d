"""What a channel plug-in is: its settings, what it can carry, and how it sends a batch."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from regulars.core.registry import Registry


@dataclass(frozen=True)
class Capabilities:
    """What a channel can carry."""

    needs_address: bool = True
    has_subject: bool = True
    has_html: bool = True
    length_max: int | None = None


@dataclass(frozen=True)
class Letter:
    """A message as a channel sees it; `unsubscribe_url` answers to one click (RFC 8058)."""

    message_id: int
    address: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str


@dataclass(frozen=True)
class Receipt:
    """What became of one letter: `sent`, `retry` (later, perhaps), or `failed` for good."""

    message_id: int
    outcome: str
    failure: str = ""


class ChannelKind(BaseModel):
    """A kind of channel. Its fields are its settings; the settings page is drawn from them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: ClassVar[Any]
    about: ClassVar[Any]
    capabilities: ClassVar[Capabilities] = Capabilities()

    def not_ready(self) -> str:
        """Why this channel cannot send now, for people; empty when it can."""
        return ""

    def prepare(self, letter: Letter) -> Letter:
        """The letter in a form this channel can carry."""
        return letter

    @abstractmethod
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        """Sends letters one after the other and yields the receipt of each at once.

        Raises `Retry` when none of what is left can be sent now, `Permanent` when it never can.
        """

    def receipts(self, call: Mapping[str, Any]) -> Sequence[Receipt]:
        """The receipts that a provider's later call brings; none where there are no calls."""
        return ()


channel_kinds: Registry[type[ChannelKind]] = Registry("channels", package="regulars.channels.kinds")
"""The kinds of channel by name; add one with `@channel_kinds.add("email")` on its class."""
