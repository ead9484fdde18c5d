"""Texts as telephones carry them: alphabets, long texts in parts, and receipts (3GPP TS 23.038, 23.040)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from regulars.channels.smpp.pdu import (
    HAS_HEADER,
    MESSAGE_STATE,
    NUMBER,
    RECEIPTED_ID,
    REFERENCE,
    TOTAL,
    ShortMessage,
)

GSM, ASCII, LATIN1, UCS2 = 0, 1, 3, 8

_PLAIN = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENDED = {
    "\f": 10,
    "^": 20,
    "{": 40,
    "}": 41,
    "\\": 47,
    "[": 60,
    "~": 61,
    "]": 62,
    "|": 64,
    "€": 101,
}
_TO_GSM = {char: bytes([code]) for code, char in enumerate(_PLAIN) if code != _ESCAPE} | {
    char: bytes((_ESCAPE, code)) for char, code in _EXTENDED.items()
}
_FROM_EXTENDED = {code: char for char, code in _EXTENDED.items()}

ROOM = {GSM: (160, 153), LATIN1: (140, 134), UCS2: (140, 134)}
"""Octets of a text that goes alone, and of one part of several."""

DELIVERED = frozenset({"DELIVRD"})
UNDELIVERED = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})
_STATES = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED",
    5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
_FIELD = re.compile(r"\b(id|stat|err):(\S*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One short message of a text: how it is written, and which part of how many it is."""

    coding: int
    content: bytes
    esm_class: int = 0
    tags: Mapping[int, bytes] = field(default_factory=dict)


def parts_of(text: str, *, reference: int, alphabet: int = GSM, way: str = "udh") -> list[Part]:
    """A text as short messages, in the centre's alphabet where that has every character, else UCS-2.

    Each part of a long text says so in a header of its own (`udh`), or in fields beside it (`sar`);
    `payload` leaves the cutting to the centre. `reference` is the same whenever the same message is
    sent, so that a telephone takes a repeat for what it is.

    >>> [len(part.content) for part in parts_of("a" * 160, reference=1)]
    [160]
    >>> [(part.coding, len(part.content)) for part in parts_of("я" * 80, reference=1)]
    [(8, 140), (8, 32)]
    >>> parts_of("a" * 161, reference=300)[1].content[:7]
    b'\\x05\\x00\\x03,\\x02\\x02a'
    """
    coding, letters = _letters(text, alphabet)
    alone, in_part = ROOM[coding]
    size = sum(map(len, letters))
    if size <= alone or way == "payload":
        return [Part(coding, b"".join(letters))]
    pieces = list(_pieces(letters, in_part))
    if way == "sar":
        told = {REFERENCE: (reference & 0xFFFF).to_bytes(2, "big"), TOTAL: bytes([len(pieces)])}
        return [
            Part(coding, piece, tags=told | {NUMBER: bytes([number])})
            for number, piece in enumerate(pieces, 1)
        ]
    return [
        Part(coding, bytes((5, 0, 3, reference & 0xFF, len(pieces), number)) + piece, HAS_HEADER)
        for number, piece in enumerate(pieces, 1)
    ]


def _letters(text: str, alphabet: int) -> tuple[int, list[bytes]]:
    """The characters of a text, each as octets that may not be torn apart."""
    if alphabet == GSM and all(char in _TO_GSM for char in text):
        return GSM, [_TO_GSM[char] for char in text]
    if alphabet == LATIN1 and all(ord(char) < 256 for char in text):
        return LATIN1, [char.encode("latin-1") for char in text]
    return UCS2, [char.encode("utf-16-be", "replace") for char in text]


def _pieces(letters: list[bytes], room: int) -> Iterator[bytes]:
    piece = b""
    for letter in letters:
        if len(piece) + len(letter) > room:
            yield piece
            piece = b""
        piece += letter
    yield piece


def decoded(content: bytes, coding: int, *, alphabet: int = GSM) -> str:
    """A text from its octets; what cannot be read becomes a mark, never an error.

    >>> decoded(b"\\x00 \\x1b\\x65 \\x02", 0), decoded("да".encode("utf-16-be"), 8)
    ('@ € $', 'да')
    """
    if coding == UCS2:
        return content.decode("utf-16-be", "replace")
    if coding == GSM and alphabet == GSM:
        return _from_gsm(content)
    return content.decode("latin-1")


def _from_gsm(content: bytes) -> str:
    found, is_escaped = [], False
    for code in content:
        if code == _ESCAPE:
            is_escaped = True
            continue
        char = _FROM_EXTENDED.get(code) if is_escaped else None
        found.append(char or (_PLAIN[code] if code < 128 else "\ufffd"))
        is_escaped = False
    return "".join(found)


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which long text something is."""

    reference: int
    total: int
    number: int


def place_of(message: ShortMessage) -> tuple[Place | None, bytes]:
    """Where a message stands in a long text, None for a text of its own, and the octets of its words."""
    content, tags = message.content, message.tags
    if {REFERENCE, TOTAL, NUMBER} <= tags.keys():
        reference, total, number = (
            int.from_bytes(tags[tag], "big") for tag in (REFERENCE, TOTAL, NUMBER)
        )
        return _real(Place(reference, total, number)), content
    if not message.esm_class & HAS_HEADER or not content:
        return None, content
    header, rest = content[1 : 1 + content[0]], content[1 + content[0] :]
    return _place_in(header), rest


def _place_in(header: bytes) -> Place | None:
    """What a user data header says of parts: an element 0 (8 bits of reference) or 8 (16 bits)."""
    at = 0
    while at + 2 <= len(header):
        kind, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if (kind, len(value)) in ((0, 3), (8, 4)):
            reference = int.from_bytes(value[:-2], "big")
            return _real(Place(reference, value[-2], value[-1]))
        at += 2 + length
    return None


def _real(place: Place) -> Place | None:
    """The place, where one can be: one octet counts the parts, two name the text."""
    is_one = 1 < place.total < 256 and 1 <= place.number <= place.total
    return place if is_one and place.reference < 65_536 else None


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What a centre says later of a message: its id there, the state, and the network's error."""

    id: str
    state: str
    error: str


def receipt_in(message: ShortMessage) -> DeliveryReceipt:
    """The receipt that a message is, from its fields or else from its text (appendix B of SMPP 3.4).

    >>> text = b"id:4F2 sub:001 dlvrd:001 submit date:2611281200 stat:UNDELIV err:027 text:Hello"
    >>> from regulars.channels.smpp.pdu import Address
    >>> receipt_in(ShortMessage(Address("1"), Address("2"), text))
    DeliveryReceipt(id='4F2', state='UNDELIV', error='027')
    """
    found = reversed(_FIELD.findall(message.content.decode("latin-1")))
    written = {name.lower(): value for name, value in found}
    tags = message.tags
    name = tags.get(RECEIPTED_ID, b"").rstrip(b"\0").decode("latin-1")
    state = _STATES.get(int.from_bytes(tags.get(MESSAGE_STATE, b"\0"), "big"), "")
    return DeliveryReceipt(
        name or written.get("id", ""),
        state or written.get("stat", "").upper(),
        written.get("err", ""),
    )
