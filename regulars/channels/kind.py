"""What a channel plug-in is: its settings, what it can carry, and how it sends a batch."""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict

from regulars.channels.mailbox.imap import Access
from regulars.core.errors import NotFound, Refused
from regulars.core.registry import Registry
from regulars.customers.rules.consents import ADDRESS_KINDS
from regulars.customers.rules.identities import normal_value

FIELDS_MAX = 100
SECRET: Any = {"secret": True}
"""Marks a setting that is never shown again: an empty field keeps what is there."""

HEARD_MAX = 4000
BUTTONS_IN_A_ROW = 4
SHORT_LABEL = 3


@dataclass(frozen=True)
class Capabilities:
    """What a channel can carry.

    A channel that is a conversation brings answers back: its messages are short, end with no link
    but say which word stops them, and people may reply. One that keeps a line sends and hears over
    a connection that one worker holds open.
    """

    needs_address: bool = True
    has_subject: bool = True
    has_html: bool = True
    length_max: int | None = None
    has_buttons: bool = False
    is_conversation: bool = False
    keeps_line: bool = False


Buttons = tuple[tuple[str, str], ...]
"""What a press sends, and what is written on the button."""


@dataclass(frozen=True)
class Letter:
    """A message as a channel sees it; `unsubscribe_url` answers to one click (RFC 8058).

    It is empty where there is no list to leave: in conversations, and in letters to employees.
    """

    message_id: int
    address: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str
    buttons: Buttons = ()
    link: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of one letter: `sent`, `retry` (later, perhaps), or `failed` for good.

    `outside_id` is the provider's name for it, by which later reports speak of it; where it went in
    several parts, `part_ids` are theirs. `is_dead`: the address leads to nobody, so it is closed.
    """

    message_id: int
    outcome: str
    failure: str = ""
    outside_id: str = ""
    part_ids: tuple[str, ...] = ()
    is_dead: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A provider's call to us as it came. Header names are in small letters; nothing is checked yet."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; `Refused` where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Refused("not_json", "the body must be a JSON object")
        return found

    def fields(self) -> Mapping[str, Any]:
        """The body as JSON or as a form, with what stands in the address."""
        if self.body.lstrip().startswith(b"{"):
            return {**self.query, **self.json()}
        text = self.body.decode(errors="replace")
        try:
            return {**self.query, **dict(parse_qsl(text, max_num_fields=FIELDS_MAX))}
        except ValueError as fault:
            raise Refused("too_many_fields", f"at most {FIELDS_MAX} fields are read") from fault


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that a person sent us; `key` is the provider's name for it, so a repeat is dropped."""

    key: str
    address: str
    text: str

    @staticmethod
    def key_for(*parts: str) -> str:
        """A key where the provider gives none: the same words at the same moment are one message."""
        return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class HeardPart:
    """A part of a long text that a person sent us, as UTF-16; `reference` tells texts apart."""

    address: str
    reference: int
    total: int
    number: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a provider reports later of a message: `delivered`, or `failed` for good."""

    outside_id: str
    outcome: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider's call says, and the body that it wants for an answer."""

    heard: tuple[Heard, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    answer: str = ""
    parts: tuple[HeardPart, ...] = ()

    @property
    def is_something(self) -> bool:
        return bool(self.heard or self.deliveries or self.parts)


class Line(Protocol):
    """A connection to a provider that is kept open; one thread holds it.

    `unconfirmed` are marks of what was brought and perhaps comes again, to be given to the next line.
    Raises `Retry` where the connection broke.
    """

    room: int

    @property
    def unconfirmed(self) -> list[str]: ...

    def listen(self, wait_s: float) -> Told:
        """What was brought meanwhile, or comes within `wait_s`."""
        ...

    def acknowledge(self) -> None:
        """Tells the provider that all that was heard is on record."""
        ...

    def close(self) -> None:
        """Ends the connection."""
        ...


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
    where it is not the kind itself. `address_kind` is the kind of identity that its addresses are;
    empty where only a conversation tells whose address it is. Whoever calls `send` outside the delivery gets a RuntimeError:
    a letter that did not pass the door cannot leave.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: ClassVar[Any]
    about: ClassVar[Any]
    capabilities: ClassVar[Capabilities] = Capabilities()
    reaches_by: ClassVar[str] = ""
    address_kind: ClassVar[str | None] = None

    def __init_subclass__(cls, **told: Any) -> None:
        super().__init_subclass__(**told)
        if "send" in cls.__dict__:
            cls.send = _behind_the_door(cls.send)  # type: ignore[method-assign]

    def not_ready(self) -> str:
        """Why this channel cannot send now, for people; empty when it can."""
        return ""

    def prepare(self, letter: Letter) -> Letter:
        """The letter in a form this channel can carry."""
        limit = self.capabilities.length_max
        if limit is None or len(letter.text) <= limit:
            return letter
        return replace(letter, text=f"{letter.text[: limit - 1]}…")

    def opening_url(self, code: str) -> str:
        """The link by which somebody opens a conversation with a code; empty where there is none."""
        return ""

    @property
    def soft_bounces_max(self) -> int:
        """After so many mails within thirty days that came back for a passing reason, none is sent."""
        return 5

    def mailbox(self) -> Access | None:
        """The mailbox to which what could not be delivered comes back; None where none is set."""
        return None

    def open_line(self, *, again: Collection[str] = ()) -> Line:
        """The connection over which this very object sends from now on; for kinds that keep a line.

        Raises `Retry` where nobody answers, `Permanent` where the settings will not do.
        """
        raise NotImplementedError

    @abstractmethod
    def send(self, batch: Sequence[Letter]) -> Iterator[Receipt]:
        """Sends letters one after the other and yields the receipt of each at once.

        Raises `Retry` when none of what is left can be sent now, `Permanent` when it never can.
        """

    def told(self, call: Call) -> Told:
        """What a provider's call says. Raises `Forbidden` for a call without the channel's secret."""
        raise NotFound("not_found", "nobody calls us on this channel")


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


def kinds_with_lines() -> list[str]:
    """The kinds whose messages leave over a line that a worker keeps, not by jobs."""
    return [name for name, kind in channel_kinds.kinds().items() if kind.capabilities.keeps_line]


def reached_by(kind: str) -> str:
    """The channel that people agree to when this kind of channel writes to them."""
    found = channel_kinds.kinds().get(kind)
    return (found.reaches_by or kind) if found else kind


def address_kind_of(kind: str) -> str:
    """The kind of identity that the addresses of a channel are; empty where they are none."""
    found = channel_kinds.kinds().get(kind)
    own = found.address_kind if found else None
    return ADDRESS_KINDS.get(reached_by(kind), "") if own is None else own


def normal_address_on(kind: str, address: str) -> str:
    """An address in the form in which those of a channel compare; phones in E.164."""
    address = address.strip().lower()
    return normal_value(address_kind_of(kind), address) or address if address else ""


def in_rows(buttons: Buttons) -> list[Buttons]:
    """Buttons as a keyboard shows them: short ones side by side, long ones each on its own row.

    >>> in_rows((("1", "The goods"), ("-", "Skip")))
    [(('1', 'The goods'),), (('-', 'Skip'),)]
    >>> [len(row) for row in in_rows(tuple((str(n), str(n)) for n in range(11)))]
    [4, 4, 3]
    """
    rows: list[Buttons] = []
    for button in buttons:
        is_short = len(button[1]) <= SHORT_LABEL
        goes_beside = rows and is_short and len(rows[-1]) < BUTTONS_IN_A_ROW
        if goes_beside and len(rows[-1][0][1]) <= SHORT_LABEL:
            rows[-1] = (*rows[-1], button)
        else:
            rows.append((button,))
    return rows
