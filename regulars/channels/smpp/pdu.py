"""The messages of SMPP 3.4 as bytes (Short Message Peer to Peer Protocol Specification v3.4, 1999)."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

HEADER = struct.Struct(">IIII")
PDU_MAX = 70_000
"""The largest message that makes sense: a payload of 64 KB and some fields."""

RESPONSE = 0x8000_0000
GENERIC_NACK = 0x8000_0000
SUBMIT_SM, DELIVER_SM = 0x04, 0x05
UNBIND, BIND_TRANSCEIVER = 0x06, 0x09
ENQUIRE_LINK = 0x15

VERSION = 0x34
HAS_HEADER = 0x40
"""The bit of `esm_class` that says that the text begins with a user data header."""

MESSAGE_KIND = 0x3C
RECEIPT_KIND = 0x04

REFERENCE, TOTAL, NUMBER = 0x020C, 0x020E, 0x020F
PAYLOAD, RECEIPTED_ID, MESSAGE_STATE = 0x0424, 0x001E, 0x0427

INTERNATIONAL, ALPHANUMERIC, NETWORK = 1, 5, 3
ISDN = 1
INVALID_COMMAND = 0x03


class Garbled(Exception):
    """The bytes are no SMPP; the connection cannot be read any further."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One message: what is asked or answered, under which number, and what it carries."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = b""

    @property
    def is_response(self) -> bool:
        return bool(self.command & RESPONSE)

    def packed(self) -> bytes:
        """Its bytes."""
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.command, self.status, self.sequence) + self.body

    def answer(self, *, body: bytes = b"", status: int = 0) -> "Pdu":
        """What answers it."""
        return Pdu(self.command | RESPONSE, self.sequence, status, body)


def pdus_in(buffer: bytearray) -> Iterator[Pdu]:
    """Takes whole messages off the front of what was read; `Garbled` for an impossible length.

    >>> read = bytearray(Pdu(ENQUIRE_LINK, 7).packed() + b"half")
    >>> [(pdu.command, pdu.sequence) for pdu in pdus_in(read)], bytes(read)
    ([(21, 7)], b'half')
    """
    while len(buffer) >= HEADER.size:
        length, command, status, sequence = HEADER.unpack_from(buffer)
        if not HEADER.size <= length <= PDU_MAX:
            raise Garbled(f"a message of {length} bytes")
        if len(buffer) < length:
            return
        body = bytes(buffer[HEADER.size : length])
        del buffer[:length]
        yield Pdu(command, sequence, status, body)


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type and its plan of numbers."""

    value: str
    type: int = 0
    plan: int = 0

    @classmethod
    def of(cls, value: str) -> Self:
        """A number as people write it: international, a short one of the network, or a name.

        >>> Address.of("+7 916 123-45-67")
        Address(value='79161234567', type=1, plan=1)
        >>> Address.of("1234").type, Address.of("Coffee").type, Address.of("").type
        (3, 5, 0)
        """
        if not value:
            return cls("")
        digits = "".join(char for char in value if char not in "+ -()")
        if not digits.isdecimal():
            return cls(value[:11], ALPHANUMERIC)
        return cls(digits, INTERNATIONAL, ISDN) if len(digits) > 6 else cls(digits, NETWORK)

    @property
    def written(self) -> str:
        """The number with its plus, where it says that it is international."""
        return (
            f"+{self.value}"
            if self.type == INTERNATIONAL and self.value.isdecimal()
            else self.value
        )

    def packed(self) -> bytes:
        """Its bytes."""
        return bytes((self.type, self.plan)) + text_z(self.value)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """What `submit_sm` and `deliver_sm` carry."""

    source: Address
    target: Address
    content: bytes
    coding: int = 0
    esm_class: int = 0
    wants_receipt: bool = False
    tags: Mapping[int, bytes] = field(default_factory=dict)

    def packed(self) -> bytes:
        """The body of a message; what does not fit the field for texts goes as payload."""
        content, tags = self.content, dict(self.tags)
        if len(content) > 254:
            content, tags[PAYLOAD] = b"", content
        fixed = bytes((self.esm_class, 0, 0))
        flags = bytes((int(self.wants_receipt), 0, self.coding, 0, len(content)))
        return (
            b"\0" + self.source.packed() + self.target.packed() + fixed + b"\0\0" + flags + content
            + b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tags.items())
        )  # fmt: skip

    @classmethod
    def read(cls, body: bytes) -> Self:
        """A message from its bytes; `ValueError` where they break off.

        >>> sent = ShortMessage(Address.of("1234"), Address.of("+79161234567"), b"Hi", tags={5: b"x"})
        >>> ShortMessage.read(sent.packed()) == sent
        True
        """
        reader = _Reader(body)
        reader.text()
        source, target = reader.address(), reader.address()
        esm_class = reader.byte()
        reader.take(2)
        reader.text(), reader.text()
        registered, _replaces, coding, _template = reader.take(4)
        content = reader.take(reader.byte())
        tags = reader.tags()
        return cls(
            source, target, tags.get(PAYLOAD) or content, coding, esm_class, bool(registered), tags
        )


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, size: int) -> bytes:
        taken = self._body[self._at : self._at + size]
        if len(taken) < size:
            raise ValueError("the message breaks off")
        self._at += size
        return taken

    def byte(self) -> int:
        return self.take(1)[0]

    def text(self) -> str:
        end = self._body.index(b"\0", self._at)
        found = self._body[self._at : end]
        self._at = end + 1
        return found.decode("latin-1")

    def address(self) -> Address:
        kind, plan = self.take(2)
        return Address(self.text(), kind, plan)

    def tags(self) -> dict[int, bytes]:
        """Optional fields; a last one that breaks off is left out."""
        found: dict[int, bytes] = {}
        while self._at + 4 <= len(self._body):
            tag, length = struct.unpack_from(">HH", self._body, self._at)
            found[tag] = self._body[self._at + 4 : self._at + 4 + length]
            self._at += 4 + length
        return found


def text_z(text: str) -> bytes:
    """A text as SMPP ends it: with a zero byte."""
    return text.encode("latin-1", "replace").replace(b"\0", b"") + b"\0"


def first_text(body: bytes) -> str:
    """The text at the beginning of a body: the centre's id of a message in its answer."""
    return body.partition(b"\0")[0].decode("latin-1")


def bind_body(*, system_id: str, password: str, system_type: str) -> bytes:
    """What a bind carries: who we are, and that any address is served over it."""
    told = text_z(system_id) + text_z(password) + text_z(system_type)
    return told + bytes((VERSION, 0, 0)) + b"\0"
