"""What a channel plug-in is: its settings, what it can carry, and how it sends a batch."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
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


_leaving: ContextVar[bool] = ContextVar("leaving", default=False)


@contextmanager
def leaving() -> Iterator[None]:
    """Letters may leave the house in here; for `actions.delivery` alone, which asks the door first."""
    token = _leaving.set(True)
    try:
        yield
    finally:
        _leaving.reset(token)


class ChannelKind(BaseModel):
    """A kind of channel. Its fields are its settings; the settings page is drawn from them.

    `reaches_by` is the channel that people agree to, one of `customers.rules.consents.CHANNELS`,
    where it is not the kind itself. Whoever calls `send` outside the delivery gets a RuntimeError:
    a letter that did not pass the door cannot leave.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: ClassVar[Any]
    about: ClassVar[Any]
    capabilities: ClassVar[Capabilities] = Capabilities()
    reaches_by: ClassVar[str] = ""

    def __init_subclass__(cls, **told: Any) -> None:
        super().__init_subclass__(**told)
        if "send" in cls.__dict__:
            cls.send = _behind_the_door(cls.send)  # type: ignore[method-assign]

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


def _behind_the_door(send: Any) -> Any:
    @wraps(send)
    def guarded(self: ChannelKind, batch: Sequence[Letter]) -> Iterator[Receipt]:
        if not _leaving.get():
            raise RuntimeError(
                "letters leave through channels.actions.send, which asks for consent"
            )
        return iter(send(self, batch))

    return guarded


channel_kinds: Registry[type[ChannelKind]] = Registry("channels", package="regulars.channels.kinds")
"""The kinds of channel by name; add one with `@channel_kinds.add("email")` on its class."""


def reached_by(kind: str) -> str:
    """The channel that people agree to when this kind of channel writes to them."""
    found = channel_kinds.kinds().get(kind)
    return (found.reaches_by or kind) if found else kind
