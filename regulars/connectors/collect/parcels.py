"""How requests are laid into a parcel, and read out of it.

A parcel is a row of frames. A frame is a head and a body, each after its length in four bytes; the
body is the request's, byte for byte, so nothing a client sent is lost before it is understood.
"""

import struct
from collections.abc import Iterator
from datetime import datetime

import msgspec

_LENGTHS = struct.Struct("<II")


class Head(msgspec.Struct, array_like=True):
    """What goes with a request's body: whose it is, when it came, and what the plan said of it.

    `kind` is the type of the only call, empty for a batch; `skipped` and `flawed` are places in
    the batch: of calls that became dead letters, and of calls let in with a mark.
    """

    source: str
    received_at: datetime
    kind: str = ""
    skipped: tuple[int, ...] = ()
    flawed: tuple[int, ...] = ()


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Head)


def frame(head: Head, body: bytes) -> list[bytes]:
    """The pieces of a frame."""
    packed = _encoder.encode(head)
    return [_LENGTHS.pack(len(packed), len(body)), packed, body]


def frames(parcel: bytes | memoryview) -> Iterator[tuple[Head, bytes]]:
    """The requests of a parcel in the order they came.

    >>> from datetime import UTC
    >>> head = Head("web", datetime(2026, 3, 2, tzinfo=UTC), "track")
    >>> list(frames(b"".join(frame(head, b"{}")))) == [(head, b"{}")]
    True
    """
    view = memoryview(parcel)
    place = 0
    while place < len(view):
        head_length, body_length = _LENGTHS.unpack_from(view, place)
        middle = place + _LENGTHS.size + head_length
        yield (
            _decoder.decode(view[place + _LENGTHS.size : middle]),
            bytes(view[middle : middle + body_length]),
        )
        place = middle + body_length
